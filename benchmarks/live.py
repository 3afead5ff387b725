"""Live: from an incident that is posted to two hundred open boards that show the change

A running town with two hundred streams of server-sent events, four a person, spread over the four agencies that may see
parts of an incident.  No browser runs: a board is a session's cookie and one HTTP connection of a client in this
process, which reads the stream and asks for the board as the page's script does.  One incident after the other is
posted at intake over HTTP.  A board is told when its stream first says so, and shows the change when it has been asked
for again, which one board of each agency does for every change: two hundred that are counted anew at once are 200 times
the work of a board, whoever waits for them.  The baseline is the bare steps of carrying (`delivery`): insert and commit
five rows, produce them, consume them.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import httpx

from benchmarks.caseload import RECIPIENTS
from benchmarks.delivery import Bare
from benchmarks.load import INCIDENT
from benchmarks.measurement import Goal, Measured, in_turns, keep, measured_text, percentile, resident
from benchmarks.running_town import Running, a_running_town
from devstack.issuer.token_signer import TokenSigner, signing_key
from devstack.story.speaker import Speaker
from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import scopes_of
from runtime.database.engine import engine, sessions
from runtime.register.enrolment import NewPerson, enrol_person
from services.dashboard import store
from services.dashboard.issuer import SCOPE, TokenSet
from services.dashboard.live_feed import GAP_SECONDS, MOST_OF_PERSON
from services.dashboard.session_secret import SessionSecret
from tests.support.rounds import rounds

STREAMS: Final = 200
CHANGES: Final = rounds(8, 30)  # in a round
SECONDS: Final = 900
ROLES: Final = ("case_worker",)
OPENED_WITHIN: Final = 90.0
OPENED_AT_ONCE: Final = 8  # as many as one address may always ask for
TOLD_WITHIN: Final = 20.0


@dataclass
class Board:
    """One open page: whose stream it is, up to where it was told, and when of the last change that was posted.

    One that `counts` asks again.
    """

    agency_id: str
    secret: SessionSecret = field(repr=False)
    counts: bool
    place: int = -1
    told_at: float = 0.0
    shown_at: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """Return what its browser sends."""
        return {"Cookie": f"accord-session={self.secret.text}", "accord-background": "1"}


class Boards:
    """All open pages, on a loop of their own in a thread."""

    def __init__(self, address: str, boards: Sequence[Board]) -> None:
        self.boards = boards
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._ending = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def begin(self) -> None:
        """Let every page wait to be told of the next change."""
        for board in self.boards:
            board.told_at = board.shown_at = 0.0

    def wait_open(self) -> None:
        """Return once every stream is open."""
        self._until(lambda: all(board.place >= 0 for board in self.boards), OPENED_WITHIN, "the streams did not open")

    def wait_shown(self) -> None:
        """Return once every page was told of the change, and those that count have counted."""

        def shown() -> bool:
            up_to_date = all(board.told_at for board in self.boards)
            return up_to_date and all(board.shown_at for board in self.boards if board.counts)

        self._until(shown, TOLD_WITHIN, "the change did not arrive")

    def close(self) -> None:
        """Leave every page."""
        self._ending.cancel()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _until(self, claim: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not claim():
            if self._ending.done():
                self._ending.result()
            if time.monotonic() > deadline:
                raise TimeoutError(otherwise)
            time.sleep(0.002)

    async def _listen(self) -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=self._address, timeout=60, trust_env=False, limits=limits) as client:
            opening = asyncio.Semaphore(OPENED_AT_ONCE)
            await asyncio.gather(*(self._board(client, board, opening) for board in self.boards))

    async def _board(self, client: httpx.AsyncClient, board: Board, opening: asyncio.Semaphore) -> None:
        while True:
            address = "/app/live" if board.place < 0 else f"/app/live?since={board.place}"
            headers = board.headers | {"Accept": "text/event-stream"}
            async with AsyncExitStack() as stack:
                async with opening:
                    answer = await stack.enter_async_context(client.stream("GET", address, headers=headers))
                answer.raise_for_status()
                board.place = max(board.place, 0)
                async for line in answer.aiter_lines():
                    if line.startswith("id: "):
                        board.place, board.told_at = int(line[4:]), board.told_at or time.monotonic()
                        if board.counts:
                            await self._count(client, board)

    async def _count(self, client: httpx.AsyncClient, board: Board) -> None:
        answer = await client.get("/app/board", headers=board.headers | {"HX-Request": "true"})
        answer.raise_for_status()
        board.shown_at = board.shown_at or time.monotonic()


class Changes:
    """Incidents that are posted one by one, and how long the boards took to tell and to show each."""

    def __init__(self, running: Running, boards: Boards, client: httpx.Client) -> None:
        self._running = running
        self._boards = boards
        self._ana = Speaker(running.started.town, "ana", "advocacy", client)
        self._chance = random.Random(1)  # noqa: S311 - a pause, no secret
        self._next = 0
        self.told: list[float] = []
        self.shown: list[float] = []

    def work(self, changes: int) -> list[float]:
        """Post so many, each once a stream may tell the next; return how long each was on its way to the last board."""
        return [self._change() for _ in range(changes)]

    def _change(self) -> float:
        time.sleep(GAP_SECONDS + self._chance.random() * 0.15)
        case = self._running.cases[self._next % len(self._running.cases)]
        self._next += 1
        self._boards.begin()
        began = time.monotonic()
        self._ana.does("intake", "POST", f"/v1/cases/{case.case_ref}/incidents", INCIDENT)
        self._boards.wait_shown()
        self.told += [board.told_at - began for board in self._boards.boards]
        self.shown += [board.shown_at - began for board in self._boards.boards if board.counts]
        return max(board.told_at for board in self._boards.boards) - began


async def sign_in(running: Running) -> list[Board]:
    """Take people in at each agency and begin a session for each page; return the pages."""
    town = running.started.town
    mint = TokenSigner(town.issuer.url, "accord", signing_key(running.started.run.folder))
    admin, dashboard = (engine(town.database.urls[role]) for role in ("accord_admin", "accord_dashboard"))
    boards = []
    for number in range(STREAMS // MOST_OF_PERSON):
        agency_id = list(RECIPIENTS)[number % len(RECIPIENTS)]
        person_ref = f"board-{number}"
        async with sessions(admin)() as session:
            await enrol_person(session, NewPerson(person_ref, agency_id, f"Board {number}", ROLES, "none"))
            await session.commit()
        scopes = scopes_of(frozenset(ROLES))
        who = Principal(person_ref, agency_id, Kind.PERSON, person_ref, "Board", scopes, frozenset(ROLES))
        tokens = TokenSet(mint.access(who, SCOPE, SECONDS), None)
        for page in range(MOST_OF_PERSON):
            secret = SessionSecret.new()
            async with sessions(dashboard)() as session:
                person = store.SignedInPerson(agency_id, person_ref)
                await store.begin(session, secret.digest, person, secret.seal(tokens.packed()), SECONDS)
                await session.commit()
            boards.append(Board(agency_id, secret, counts=number < len(RECIPIENTS) and page == 0))
    for bound in (admin, dashboard):
        await bound.dispose()
    return boards


def main() -> None:
    """Measure from the post to the boards, and the bare steps in turns."""
    with a_running_town(cases=20) as running, httpx.Client(trust_env=False, timeout=30) as client:
        before = resident()
        boards = Boards(running.started.town.services["dashboard"], asyncio.run(sign_in(running)))
        boards.wait_open()
        changes = Changes(running, boards, client)
        changes.work(2)
        grown = resident()["dashboard api"] - before["dashboard api"]
        changes.told.clear()
        changes.shown.clear()
        bare = Bare(running)
        named = {"a change on its way to all boards": changes.work, "the bare steps": bare.work}
        try:
            measured = in_turns(named, at_once={"a change on its way to all boards": CHANGES})
        finally:
            bare.close()
            boards.close()
        live, steps = measured.values()
        keep_figures(changes, live, steps, grown)


def keep_figures(changes: Changes, live: Measured, bare: Measured, grown: float) -> None:
    """Keep the figures."""
    compared = {candidate.name: measured_text(candidate) for candidate in (live, bare)}
    for name, took in (("told of a change", changes.told), ("on which a change shows", changes.shown)):
        p50, p99 = (percentile(took, percent) * 1_000 for percent in (50, 99))
        note: dict[str, float] = {"p50_ms": round(p50), "streams": STREAMS, "pages_in_all": len(took)}
        note["load_average"] = round(os.getloadavg()[1], 1)
        keep("live", f"boards {name}, p99", p99, "ms", Goal(1_000, at_most=True), 0.0, compared, **note)
    value = live.percentile(50) / bare.percentile(50)
    keep(
        "live", "a change on its way to the last of all boards", value, "x the bare steps", None, live.spread, compared
    )
    each = max(0.0, grown) * 1024 / STREAMS
    keep("live", "memory of one open board", each, "KiB", Goal(256, at_most=True), 0.0, compared)


if __name__ == "__main__":
    main()
