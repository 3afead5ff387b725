"""Load on a running town: facts posted at fixed instants whatever became of those before, and eyes on every mailbox.

Closed loops wait for the answer before they ask again, so a product that stands still is asked less and looks well.
Here each fact has its instant, and what it takes is counted from there.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from benchmarks.caseload import CUSTODIAN, RECIPIENTS
from benchmarks.running_town import Running
from tests.support.fault_injection import superuser

LOOK_EVERY: Final = 0.02  # a message is seen so much too late at most; looking more often took a sixth of the machine
LOOK_SLOWLY: Final = 0.1
RENEWED_EVERY: Final = 100.0  # seconds; a token of a system lives three times that
PATIENCE: Final = 30.0
# What came since: place by place, as places of a mailbox are taken in order and under its row's lock.
ARRIVALS = """
SELECT m.recipient, m.case_ref, m.place, m.message_ref
FROM unnest(%s::text[], %s::bigint[]) AS seen (recipient, place)
JOIN exchange.message AS m ON m.recipient = seen.recipient AND m.place > seen.place ORDER BY m.recipient, m.place
"""
# What was offered and lies in no mailbox, whether or not its fact was answered in time.
MISSING: Final = """
SELECT count(*) FROM carrying.offer AS o WHERE o.state <> 'withheld' AND NOT EXISTS (
    SELECT FROM exchange.message AS m WHERE m.recipient = o.recipient AND m.message_ref = o.message_ref
)
"""
INCIDENT: Final = {
    "channel": "hotline",
    "occurred_on": "2026-11-20",
    "date_precision": "day",
    "place_kind": "own_home",
    "violence_types": ["physical_assault", "threats"],
    "relationship": "SE",
    "given_name": "Marisol",
    "needs": ["shelter"],
    "narrative": "He said he would come back. " * 20,
}


class Wire:
    """One connection to a service, kept open."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._host, self._port = str(place.hostname), int(place.port or 80)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, token: str, body: bytes) -> int:
        """Send one request and return the status of its answer; 0 where none came."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(head.encode("ascii") + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
            length = next((line[15:] for line in answer.split("\r\n") if line.startswith("content-length:")), "0")
            await reader.readexactly(int(length))
            return int(answer[9:12])
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    def close(self) -> None:
        """Let go of the service."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Eyes:
    """Sees when each message lies in its recipient's mailbox, from where an opening finds it."""

    def __init__(self, running: Running) -> None:
        self._connection: psycopg.Connection[Any] = superuser(running.started)
        self._places = dict.fromkeys((*RECIPIENTS, CUSTODIAN), 0)
        self._stopping = threading.Event()
        self.arrivals: dict[tuple[str, UUID], list[float]] = defaultdict(list)  # by recipient and its case, in order
        self.newest: dict[str, UUID] = {}
        self.count = 0
        self.look()
        self.arrivals.clear()
        self.count = 0

    def look(self) -> None:
        """Note the messages that arrived."""
        places = list(self._places), list(self._places.values())
        rows = self._connection.execute(ARRIVALS, places).fetchall()
        now = time.monotonic()
        for recipient, case_ref, place, message_ref in rows:
            self._places[recipient] = place
            self.newest[recipient] = message_ref
            if recipient != CUSTODIAN:
                self.arrivals[recipient, case_ref].append(now)
                self.count += 1

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            self.look()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep looking until the block ends."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            yield
        finally:
            self._stopping.set()
            watching.join()
            self._stopping.clear()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def missing(running: Running) -> int:
    """Return how many messages were offered and lie in no mailbox."""
    with superuser(running.started) as connection:
        ((count,),) = connection.execute(MISSING).fetchall()
    return int(count)


@dataclass
class LoadResult:
    """The result of a load: seconds from each fact's instant until its answer, and until each agency could read it."""

    posted: int = 0
    refused: int = 0
    answers: list[float] = field(default_factory=list)
    readable: list[float] = field(default_factory=list)
    lost: int = 0  # messages that were offered, or whose fact was answered, and which never came
    seconds: float = 0.0
    last_due: float = 0.0  # the instant of the last fact
    readable_at: list[float] = field(default_factory=list)  # the instants at which messages became readable

    def drained(self, since: float) -> tuple[int, float]:
        """Return how many messages became readable after an instant, and how many seconds after it the last did."""
        later = [at for at in self.readable_at if at > since]
        return len(later), max(later, default=since) - since


class Load:
    """Facts at so many a second."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._url = running.started.town.services["intake"]
        self._tokens: list[str] = []
        self._free: list[Wire] = []
        self._bodies = [json.dumps(INCIDENT).encode()]
        self._due: dict[tuple[str, UUID], list[float]] = defaultdict(list)
        self._next = 0
        self._patience = PATIENCE

    def run(self, rate: float, seconds: float, *, patience: float = PATIENCE) -> LoadResult:
        """Post facts at `rate` for so long and wait until all are readable; slow requests are cancelled."""
        eyes, self._patience = Eyes(self._running), patience
        self._tokens = self._running.tokens()
        try:
            with eyes.open():
                began = time.monotonic()
                result = asyncio.run(self._post(rate, seconds))
                ended = time.monotonic()
                while (missing(self._running) or self._short(eyes)) and time.monotonic() < ended + patience:
                    time.sleep(LOOK_SLOWLY)
                time.sleep(2 * LOOK_EVERY)
                result.seconds = time.monotonic() - began
        finally:
            eyes.close()
        for key, due in self._due.items():
            arrivals = eyes.arrivals[key]
            result.readable += [at - instant for at, instant in zip(arrivals, due, strict=False)]
            result.readable_at += arrivals
        result.lost = max(missing(self._running), self._short(eyes))
        self._due.clear()
        return result

    def _short(self, eyes: Eyes) -> int:
        """Return how many messages of facts that were answered were not seen yet."""
        return sum(max(0, len(due) - len(eyes.arrivals[key])) for key, due in self._due.items())

    async def _post(self, rate: float, seconds: float) -> LoadResult:
        result = LoadResult()
        began = time.monotonic()
        under_way = set()
        renewing = asyncio.create_task(self._renew())
        for number in range(round(rate * seconds)):
            due = result.last_due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self._post_fact(due, result))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=self._patience)
            for task in late:
                task.cancel()
            result.posted += len(late)
            result.refused += len(late)
        renewing.cancel()
        for wire in self._free:
            wire.close()
        self._free.clear()
        return result

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEWED_EVERY)
            self._tokens = await asyncio.to_thread(self._running.tokens)

    async def _post_fact(self, due: float, result: LoadResult) -> None:
        case = self._running.cases[self._next % len(self._running.cases)]
        token = self._tokens[self._next % len(self._tokens)]
        self._next += 1
        wire = self._free.pop() if self._free else Wire(self._url)
        status = await wire.post(f"/v1/cases/{case.case_ref}/incidents", token, self._bodies[0])
        self._free.append(wire)
        result.posted += 1
        if status != 201:
            result.refused += 1
            return
        result.answers.append(time.monotonic() - due)
        for agency_id in RECIPIENTS:
            self._due[agency_id, case.refs[agency_id]].append(due)
