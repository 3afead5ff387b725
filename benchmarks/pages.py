"""Pages: what the staff pages take with ever so many open cases, against bare pages of the same template

Two agencies in one database, each with somebody who works on forty cases: one with a thousand open cases in all, one
with ten thousand, in the long form a hundred thousand (`open_cases` says what of them is synthetic). The dashboard and
the services that its pages ask run as they are run, a process each, and pages are asked for over HTTP with a session's
cookie, one after the other: the board, the list of all open cases, a case, and the referrals that wait. The time is
that of the whole answer on a kept connection, so no browser is in it. The baseline of each page is a route of a bare
FastAPI application in a process of its own that renders the same template from the same rows, kept in memory.

A service that is too late for its part costs its part only, so how many pages were not whole stands with the figures.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from typing import Any, Final

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from benchmarks.api_requests import Issuer, an_issuer, serving
from benchmarks.measurement import ROUNDS, Goal, Measured, Work, in_turns, keep, measured_text
from benchmarks.open_cases import Caseload, a_caseload, settle
from benchmarks.setup import Ground, a_ground
from devstack import ports
from runtime.database.engine import engine, sessions
from services.dashboard import desk, store, templates
from services.dashboard import main as dashboard_main
from services.dashboard.issuer import SCOPE, TokenSet
from services.dashboard.session_secret import SessionSecret
from services.dashboard.settings import BoardSettings
from services.dashboard.templates import TEMPLATES
from tests.support.web import settings_for

FEW: Final = 1_000
MANY: Final = 10_000 if ROUNDS < 15 else 100_000
LOADS: Final = 20  # in a round
SECONDS: Final = 3600
ASKED: Final = ("referrals", "exchange", "consent", "intake", "tasks")
UNASKED: Final = ("law_enforcement_bridge", "audit", "notifications")
READY_WITHIN: Final = 20.0
WARMING: Final = 5  # times
AWAY: Final = b"Not available just now"


def addresses(caseload: Caseload) -> dict[str, str]:
    """Return where the pages that are measured are, by what they are called."""
    return {
        "board": "/app/board",
        "case list": "/app/cases?view=agency",
        "case page": f"/app/cases/{caseload.case_ref}",
        "referral list": "/app/referrals",
    }


@dataclass
class Sitting:
    """Somebody before the pages on a port; `short` counts pages on which a service was too late for its part."""

    port: int
    cookie: str = ""
    short: int = 0

    def loads(self, path: str) -> Work:
        """Return the work of loading a page over and over, on one connection."""

        def work(units: int) -> list[float]:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
                connection.connect()
                return [self._load(connection, path) for _ in range(units)]

        return work

    def warm(self, path: str) -> None:
        """Load a page until it is whole: each process has consent to compile and plans to make when it is first asked.

        Raises `ChildProcessError` where it never is.
        """
        for _ in range(WARMING):
            self.short = 0
            self.loads(path)(2)
            if not self.short:
                return
        raise ChildProcessError(f"a service does not answer for {path}")

    def _load(self, connection: HTTPConnection, path: str) -> float:
        """Return how many seconds a page took; raises where there is none."""
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        content = answer.read()
        took = time.perf_counter() - began
        if answer.status not in (200, 503):
            raise ValueError(f"{path}: {answer.status} {content.decode()[-2000:]}")
        self.short += AWAY in content or answer.status == 503
        return took


async def sign_in(ground: Ground, issuer: Issuer, caseload: Caseload) -> str:
    """Begin a session and return its cookie."""
    person = store.SignedInPerson(caseload.person.agency_id, caseload.person.subject)
    tokens = TokenSet(issuer.mint.access(caseload.person, SCOPE, SECONDS), None)
    secret, bound = SessionSecret.new(), engine(ground.database.url("accord_dashboard"))
    async with sessions(bound)() as session:
        await store.begin(session, secret.digest, person, secret.seal(tokens.packed()), SECONDS)
        await session.commit()
    await bound.dispose()
    return f"accord-session={secret.text}"


@contextmanager
def services(ground: Ground, issuer: Issuer) -> Iterator[dict[str, str]]:
    """Run what the pages ask; give the addresses as the dashboard's settings name them."""
    with ExitStack() as stack:
        places = dict.fromkeys((f"{name}_url" for name in (*UNASKED, "dashboard")), "http://127.0.0.1:1")
        for name in ASKED:
            run = serving(
                ground, issuer, f"services.{name}.main", role=f"accord_{name}", max_token_lifetime_seconds=SECONDS
            )
            places[f"{name}_url"] = f"http://127.0.0.1:{stack.enter_context(run)}"
        yield places


async def contexts(
    ground: Ground, issuer: Issuer, places: Mapping[str, str], cookie: str, paths: Mapping[str, str]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return template and context of each page, as the dashboard makes them, run in this process."""
    settings = settings_for(
        "dashboard", BoardSettings, database=ground.database.url("accord_dashboard"), issuer=issuer.url,
        keys=ground.keys, max_token_lifetime_seconds=SECONDS, **places,
    )  # fmt: skip
    app, drawn = dashboard_main.build(settings), dict[str, tuple[str, dict[str, Any]]]()
    page = templates.page
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            for name, path in paths.items():

                def noted(template: str, name: str = name, **context: Any) -> Any:
                    drawn[name] = template, context
                    return page(template, **context)

                vars(desk)["page"] = noted
                answer = (await client.get(path, headers={"Cookie": cookie})).raise_for_status()
                if AWAY in answer.content:
                    raise ChildProcessError(f"a service did not answer for the {name}")
    vars(desk)["page"] = page
    return drawn


def bare(drawn: Mapping[str, tuple[str, dict[str, Any]]]) -> FastAPI:
    """Return an application that renders these templates, and does nothing else."""
    app = FastAPI()

    @app.get("/{name}", response_class=HTMLResponse)
    async def render(name: str) -> str:
        template, context = drawn[name]
        return TEMPLATES.get_template(template).render(**context)

    return app


@contextmanager
def bare_pages(drawn: Mapping[str, tuple[str, dict[str, Any]]]) -> Iterator[int]:
    """Serve the bare pages from a process of their own, which has the rows by being a copy of this one."""
    port = ports.free_port()

    def run() -> None:
        uvicorn.run(bare(drawn), port=port, log_config=None, access_log=False)

    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.join(10)


def _wait(port: int) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        try:
            HTTPConnection("127.0.0.1", port, timeout=1).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise ChildProcessError("the bare pages did not get ready")


def main() -> None:
    """Measure each page with few open cases, with many, and bare, in turns."""
    with a_ground() as ground, an_issuer() as issuer, ExitStack() as stack:
        began = time.perf_counter()
        caseloads = [a_caseload(ground, size) for size in (FEW, MANY)]
        settle(ground)
        took = time.perf_counter() - began
        places = stack.enter_context(services(ground, issuer))
        dashboard = serving(
            ground, issuer, "services.dashboard.main", role="accord_dashboard", max_token_lifetime_seconds=SECONDS,
            **places,
        )  # fmt: skip
        port = stack.enter_context(dashboard)
        cookies = [ground.runner.run(sign_in(ground, issuer, caseload)) for caseload in caseloads]
        sittings = [Sitting(port, cookie) for cookie in cookies]
        for caseload, sitting in zip(caseloads, sittings, strict=True):
            for path in addresses(caseload).values():
                sitting.warm(path)
        drawn = ground.runner.run(contexts(ground, issuer, places, cookies[-1], addresses(caseloads[-1])))
        bare_port = stack.enter_context(bare_pages(drawn))
        candidates = {
            **{f"bare {name}": Sitting(bare_port).loads(f"/{name.replace(' ', '%20')}") for name in drawn},
            **{
                f"{name}, {caseload.size:,} open cases": sitting.loads(path)
                for caseload, sitting in zip(caseloads, sittings, strict=True)
                for name, path in addresses(caseload).items()
            },
        }
        measured = in_turns(candidates, at_once=dict.fromkeys(candidates, LOADS))
    for name in drawn:
        keep_figures(name, measured, data_made_in=f"{took:.0f} s", not_whole=sum(sitting.short for sitting in sittings))


def keep_figures(name: str, measured: Mapping[str, Measured], **notes: Any) -> None:
    """Keep how long a page takes, and how that stands to the bare page and to the page with many more cases."""
    few, many = (measured[f"{name}, {size:,} open cases"] for size in (FEW, MANY))
    plain = replace(measured[f"bare {name}"], name="the bare page")
    compared = {candidate.name: measured_text(candidate) for candidate in (few, many, plain)}
    keep("pages", f"p95 of the {name} with {FEW:,} open cases", few.percentile(95), "ms", Goal(100, at_most=True),
         few.spread, compared, load_average=round(os.getloadavg()[1], 1), **notes)  # fmt: skip
    times = many.percentile(95) / few.percentile(95)
    keep("pages", f"{name} with {MANY:,} open cases", times, f"x its p95 with {FEW:,}", Goal(1.5, at_most=True),
         many.spread, compared)  # fmt: skip
    for percent in (50, 95, 99):
        against = few.percentile(percent) / plain.percentile(percent)
        keep("pages", f"p{percent} of the {name} with {FEW:,} open cases against the bare page", against,
             "x the bare page", None, few.spread, compared)  # fmt: skip


if __name__ == "__main__":
    main()
