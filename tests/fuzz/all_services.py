"""Every service and the issuer on ports of their own, in one thread: for clients that know nothing of our loops."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, TypeVar

import uvicorn
from fastapi import FastAPI

from devstack.issuer.app import issuer
from devstack.issuer.settings import IssuerSettings
from devstack.issuer.token_signer import signing_key
from devstack.postgres import Postgres
from kernel.ledger import note
from kernel.ledger.verify import Finding, verify_log
from runtime.database.engine import sessions
from runtime.ledger import snapshot
from runtime.ledger.sequencer import BATCH, integrate, publish
from runtime.register.enrolment import NewPerson, enrol_person
from runtime.settings import Profile
from services.audit.api import routes as audit
from services.audit.public_key import STATE
from services.consent.api import routes as consent
from services.dashboard import main as dashboard
from services.dashboard.service_client import client
from services.dashboard.settings import BoardSettings
from services.exchange.api import routes as exchange
from services.exchange.carriage_routes import routes as carriage
from services.exchange.consumers import listen
from services.intake.api import routes as intake
from services.law_enforcement_bridge.api import routes as orders
from services.notifications.api import routes as notifications
from services.referrals.api import routes as referrals
from services.tasks.api import routes as tasks
from tests.support.database import a_database
from tests.support.delivery import Delivery
from tests.support.town import Town, a_town
from tests.support.web import ISSUER, TestIssuer, Web, settings_for

T = TypeVar("T")

BOARD: Final = "http://board.test"
SERVICES: Final[dict[str, dict[str, Any]]] = {
    "intake": {"routers": intake},
    "consent": {"routers": [consent]},
    "law_enforcement_bridge": {"routers": orders},
    "referrals": {"routers": referrals},
    "notifications": {"routers": [notifications]},
    "exchange": {"routers": [exchange, carriage]},
    "audit": {"routers": audit},
    "tasks": {"routers": tasks},
}


@dataclass
class Street:
    """Where each service lives, who lives in its town, and a way to do something there."""

    addresses: dict[str, str] = field(default_factory=dict)
    ledger_key: str = field(default_factory=lambda: note.new_keys("town.example/ledger")[0], repr=False)
    loop: asyncio.AbstractEventLoop = field(init=False, repr=False)
    town: Town = field(init=False)
    web: Web = field(init=False)
    delivery: Delivery = field(init=False)

    def do(self, deed: Coroutine[Any, Any, T]) -> T:
        """Do something on the street's own loop."""
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result(60)

    def token(self, who: str) -> str:
        """Return a token for a person of the town or, as `system:<agency>`, for an agency's system."""
        kind, _, agency_id = who.partition(":")
        if kind == "system":
            return self.web.issuer.system(agency_id)
        if who == "olu":
            return self.web.issuer.person("olu", agency="bay-hotline", roles=["auditor"])
        return self.web.issuer.person(who)

    async def sequence(self) -> int:
        """Put waiting leaves into the ledger's tree, so that there is something to prove; return their number."""
        async with self.town.session("accord_audit") as session:
            integrated = await integrate(session, self.ledger_key, BATCH)
            await publish(session, self.ledger_key, timedelta(0))
            return integrated

    def findings(self) -> list[Finding]:
        """Verify the whole record as `accord ledger verify` does."""
        key = note.vkey_of(self.ledger_key)
        with snapshot.reading(self.town.database.url("accord_audit")) as read:
            return [*verify_log(read.entries(), read.checkpoints(), key), *read.stored_state_findings(key)]


@contextmanager
def a_street(postgres: Postgres, folder: Path) -> Iterator[Street]:
    """Open the street on a database of its own, and close it in the end."""
    built, ready, over = Street(), threading.Event(), threading.Event()
    failed: list[BaseException] = []

    async def live() -> None:
        built.loop = asyncio.get_running_loop()
        async with _settled(built, postgres, folder):
            ready.set()
            await asyncio.to_thread(over.wait)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as fault:  # told to whoever waits for the street
            failed.append(fault)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="street")
    thread.start()
    try:
        ready.wait()
        if not failed:
            yield built
    finally:
        over.set()
        thread.join(30)
    if failed:
        raise failed[0]


@asynccontextmanager
async def _settled(street: Street, postgres: Postgres, folder: Path) -> AsyncIterator[None]:
    database = a_database(postgres, f"street_{token_hex(4)}")
    async with AsyncExitStack() as stack:
        street.town = await stack.enter_async_context(a_town(database, folder))
        street.web = Web(street.town, TestIssuer(signing_key(folder / "issuer")))
        street.delivery = Delivery(street.town, "exchange", listen)
        async with street.town.session("accord_admin") as session:
            await enrol_person(session, NewPerson("olu", "bay-hotline", "Olu", ("auditor",)))
            await session.commit()
        for name, built in SERVICES.items():
            app = await stack.enter_async_context(street.web.serving(name, **built))
            setattr(app.state, STATE, note.vkey_of(street.ledger_key))  # as the process of the sequencer has it
            street.addresses[name] = await stack.enter_async_context(_on_a_port(app))
        app = await stack.enter_async_context(_board(street))
        street.addresses["dashboard"] = await stack.enter_async_context(_on_a_port(app))
        app = issuer(_issuer_settings(street, folder), sessions(street.town.engine("accord_issuer")))
        street.addresses["issuer"] = await stack.enter_async_context(_on_a_port(app))
        yield


@asynccontextmanager
async def _on_a_port(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application as `runtime.http.server` does, but for its lifespan, which is entered already."""
    # Its protocol is said, as asyncio sends small answers at once on those sockets only.
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    place.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            h11_max_incomplete_event_size=32 * 1024,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[place]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{place.getsockname()[1]}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def _board(street: Street) -> AsyncIterator[FastAPI]:
    places = {f"{name}_url": street.addresses[name] for name in SERVICES}
    settings = settings_for("dashboard", BoardSettings, **{"dashboard_url": BOARD, **places})

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        async with client() as asking:
            app.state.house = dashboard.dashboard_state(settings, asking)
            yield

    async with street.web.serving("dashboard", dashboard.ROUTES, around=living) as app:
        yield app


def _issuer_settings(street: Street, folder: Path) -> IssuerSettings:
    return IssuerSettings(
        database=street.town.database.url("accord_issuer"),
        issuer=ISSUER,
        port=1,
        profile=Profile.DEVELOPMENT,
        run_dir=folder / "issuer",
        allowed_redirect_uris=(f"{BOARD}/signed-in",),
    )
