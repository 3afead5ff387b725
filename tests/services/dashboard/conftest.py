"""The dashboard with the services it asks and the issuer beside it, each a real application, and browsers before it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from devstack.issuer.app import issuer
from devstack.issuer.settings import IssuerSettings
from devstack.issuer.token_signer import signing_key
from kernel.consent import purposes_of
from kernel.ledger.note import new_keys
from runtime import clock
from runtime.auth.passwords import hash_passphrase
from runtime.database.engine import sessions
from runtime.messaging.consumer import SealedMessage
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from runtime.settings import Profile
from runtime.tasks import NewTask, open_task
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose, TaskReason
from services.audit.api import routes as audit_routes
from services.audit.public_key import STATE
from services.consent.api import routes as consent_routes
from services.dashboard import live_routes, main
from services.dashboard.pages.session_pages import SIGNED_IN
from services.dashboard.settings import BoardSettings
from services.exchange import store as exchange_store
from services.exchange.api import routes as exchange_routes
from services.exchange.carriage_routes import routes as carriage_routes
from services.intake.api import routes as case_routes
from services.law_enforcement_bridge.api import routes as order_routes
from services.referrals.api import routes as referral_routes
from services.tasks.api import routes as task_routes
from tests.services.dashboard.browser import Browser
from tests.support.database import Database
from tests.support.town import Town
from tests.support.web import ISSUER, TestIssuer, Web, settings_for

BOARD = "http://board.test"
PLACES = {
    "referrals_url": "http://referrals.test",
    "exchange_url": "http://exchange.test",
    "consent_url": "http://consent.test",
    "law_enforcement_bridge_url": "http://bridge.test",
    "intake_url": "http://intake.test",
    "audit_url": "http://audit.test",
    "notifications_url": "http://notifications.test",
    "tasks_url": "http://tasks.test",
}
PASSPHRASE = "four plain words here"
HASHED = hash_passphrase(PASSPHRASE)
OUTBOX = "SELECT message_ref, recipient, key, type, sender, occurred_at, id, body FROM carrying.outbox"

NEW = "message_ref NOT IN (SELECT message_ref FROM exchange.message)"


class Streets(httpx.AsyncBaseTransport):
    """Leads each request to the application that lives at its host; whoever is `away` cannot be reached."""

    def __init__(self) -> None:
        self.houses: dict[str, httpx.AsyncBaseTransport] = {}
        self.away: set[str] = set()

    def settle(self, host: str, app: FastAPI) -> None:
        self.houses[host] = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.away or request.url.host not in self.houses:
            raise httpx.ConnectError("away")
        return await self.houses[request.url.host].handle_async_request(request)


@dataclass
class Square:
    """Everything around the board, and what tests do there."""

    town: Town
    web: Web
    database: Database
    streets: Streets
    app: FastAPI
    browsers: list[Browser] = field(default_factory=list)

    def browser(self) -> Browser:
        browser = Browser(httpx.AsyncClient(transport=self.streets, base_url=BOARD))
        self.browsers.append(browser)
        return browser

    async def sign_in(self, person_ref: str) -> Browser:
        browser = self.browser()
        answer = await browser.sign_in(person_ref, PASSPHRASE)
        assert answer.status_code == 200, answer.text
        return browser

    async def agency(self, kind: AgencyKind = AgencyKind.SHELTER) -> str:
        """Take a new agency in, so that a test's numbers are its own."""
        agency_id = f"new-{uuid4().hex[:10]}"
        self.town.keys.create(agency_id)
        new_agency = NewAgency(agency_id, f"House {agency_id[4:]}", kind, purposes=purposes_of(kind))
        async with self.town.session("accord_admin") as session:
            await enrol_agency(session, new_agency, {"kty": "EC", "kid": agency_id})
            await session.commit()
        return agency_id

    async def person(self, agency_id: str, *roles: str) -> str:
        """Take a new person in."""
        person_ref = f"p-{uuid4().hex[:12]}"
        async with self.town.session("accord_admin") as session:
            await enrol_person(session, NewPerson(person_ref, agency_id, "Robin Vale", roles, HASHED))
            await session.commit()
        return person_ref

    async def worker(self) -> tuple[str, str]:
        """Take in a new shelter with a case worker."""
        agency_id = await self.agency()
        return agency_id, await self.person(agency_id, "case_worker")

    async def referral(self, to_agency: str, case_ref: UUID | None = None, **fields: Any) -> UUID:
        """Have ana send a referral under a release; return her reference to the case."""
        if case_ref is None:
            case_ref = await self.town.open_case("bay-hotline")
            await self.town.direct(case_ref, to_agency, Purpose.SHELTER, [DataCategory.REFERRAL_STATUS])
        body = {"case_ref": str(case_ref), "to_agency_ref": to_agency, "mode": "live", "service_code": "shelter"}
        body |= {"priority": "urgent", "purpose": "shelter"} | fields
        await self.ask(self.web.issuer.person("ana"), PLACES["referrals_url"], "/v1/referrals", body)
        return case_ref

    async def task(self, agency_id: str, case_ref: UUID | None = None, **other: Any) -> UUID:
        """Open a task at an agency as a service does, due in two hours unless a test says otherwise."""
        reason = TaskReason.DEAD_LETTER if case_ref is None else TaskReason.PLAN_REVIEW
        due_at = clock.utcnow() + timedelta(hours=2)
        task = replace(NewTask(agency_id, reason, uuid4(), due_at, case_ref), **other)
        async with self.town.unit("accord_intake", agency_id) as unit:
            assert await open_task(unit.session, task)
            await unit.session.commit()
        ((task_ref,),) = self.sql("SELECT task_ref FROM carrying.task WHERE cause_ref = %s", task.cause_ref)
        return UUID(str(task_ref))

    async def ask(self, token: str, service: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask a service for something with a token, or send it something."""
        headers |= {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=self.streets, base_url=service, headers=headers) as client:
            answer = await (client.get(path) if body is None else client.post(path, json=body))
        assert answer.is_success, answer.text
        return answer.json()

    async def deliver(self, agency_id: str) -> int:
        """Put what the outbox holds for an agency into its mailbox at the exchange."""
        rows = self.sql(f"{OUTBOX} WHERE recipient = %s AND {NEW} ORDER BY id", agency_id)
        async with self.town.unit("accord_exchange", agency_id) as unit:
            messages = [
                SealedMessage(ref, kind, key, recipient, sender, at, sequence, body)
                for ref, recipient, key, kind, sender, at, sequence, body in rows
            ]
            await exchange_store.keep(unit.session, messages)
            await unit.session.commit()
        return len(rows)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement as the superuser."""
        with self.database.superuser() as connection:
            done = connection.execute(statement, values)
            return done.fetchall() if done.description else []


def board_settings(**other: Any) -> BoardSettings:
    return settings_for("dashboard", BoardSettings, **{"dashboard_url": BOARD, **PLACES} | other)


def housed(settings: BoardSettings, streets: Streets) -> Callable[[FastAPI], Any]:
    """Return what lives as long as the dashboard does: its house, with a client that walks these streets."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(transport=streets) as asking, live_routes.keep_live(app):
            app.state.house = main.dashboard_state(settings, asking)
            yield

    return living


@pytest.fixture(scope="session")
def web(town: Town, run_folder: Path) -> Web:
    return Web(town, TestIssuer(signing_key(run_folder / "issuer")))


@pytest.fixture(scope="session")
def streets() -> Streets:
    return Streets()


@pytest.fixture(scope="session")
def ledger_keys() -> tuple[str, str]:
    """The ledger's signing key and its public one."""
    return new_keys("town.example/ledger")


@pytest.fixture(scope="session")
async def settled(
    town: Town, web: Web, streets: Streets, run_folder: Path, database: Database, ledger_keys: tuple[str, str]
) -> AsyncIterator[FastAPI]:
    """Settle the issuer, the services and the dashboard; return the dashboard."""
    issuer_settings = IssuerSettings(
        database=database.url("accord_issuer"),
        issuer=ISSUER,
        port=1,
        profile=Profile.DEVELOPMENT,
        run_dir=run_folder / "issuer",
        allowed_redirect_uris=(BOARD + SIGNED_IN, BOARD.replace("http:", "https:") + SIGNED_IN),
    )
    streets.settle("issuer.test", issuer(issuer_settings, sessions(town.engine("accord_issuer"))))
    async with AsyncExitStack() as stack:
        serve = stack.enter_async_context
        referrals = await serve(web.serving("referrals", referral_routes))
        streets.settle("referrals.test", referrals)
        orders = await serve(web.serving("law_enforcement_bridge", order_routes))
        streets.settle("bridge.test", orders)
        streets.settle("consent.test", await serve(web.serving("consent", [consent_routes])))
        streets.settle("exchange.test", await serve(web.serving("exchange", [exchange_routes, carriage_routes])))
        audit = await serve(web.serving("audit", audit_routes))
        setattr(audit.state, STATE, ledger_keys[1])
        streets.settle("audit.test", audit)
        streets.settle("intake.test", await serve(web.serving("intake", case_routes)))
        streets.settle("tasks.test", await serve(web.serving("tasks", task_routes)))
        app = await serve(web.serving("dashboard", main.ROUTES, around=housed(board_settings(), streets)))
        streets.settle("board.test", app)
        yield app


@pytest.fixture
async def square(settled: FastAPI, town: Town, web: Web, database: Database, streets: Streets) -> AsyncIterator[Square]:
    built = Square(town, web, database, streets, settled)
    yield built
    streets.away.clear()
    for browser in built.browsers:
        await browser.client.aclose()
