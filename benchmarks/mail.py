"""Messages as real offers leave them, as many as a benchmark needs, and the processes that carry them.

A few facts pass the offering door, so sizes, masks and directives are real; what is needed beyond them is their copies
under new references, since to offer a hundred thousand facts would take longer than to carry them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from confluent_kafka import Producer

from benchmarks.caseload import CUSTODIAN, RECIPIENTS, a_case, an_incident
from benchmarks.setup import Ground, a_broker, a_folder, a_ground
from devstack.ports import free_port
from runtime import disclosure
from runtime.messaging import acls
from runtime.messaging.headers import Routing, write
from runtime.messaging.outbox.queue import SHARDS
from runtime.messaging.producer import OutgoingRecord, producer
from schemas.topics import mailbox
from tests.support.broker_env import Fabric

BARE: Final = tuple(f"bare-{agency_id}" for agency_id in RECIPIENTS)  # mailboxes of nobody, for what is compared with
CASES: Final = 100
READY_WITHIN: Final = 60.0

# As many copies of the rows offered first as asked for, or of one part of them, each under a reference of its own.
MORE = """
WITH one AS (
    SELECT row_number() OVER (ORDER BY w.id) - 1 AS place, count(*) OVER () AS all_of_them, w.* FROM carrying.kept AS w
    WHERE id %% %(of)s = %(part)s
), made AS MATERIALIZED (
    SELECT gen_random_uuid() AS ref, one.*, n
    FROM generate_series(0, %(rows)s - 1) AS n JOIN one ON one.place = (%(from)s + n) %% all_of_them
), offered AS (
    INSERT INTO carrying.offer (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        purposes, directives, wrapped_key, fact_ref, occurred_at)
    SELECT made.ref, o.subject_id, o.custodian, o.recipient, o.case_ref, o.type, o.mask, o.party, o.sv, o.purposes,
        o.directives, o.wrapped_key, o.fact_ref, o.occurred_at
    FROM made JOIN carrying.offer AS o USING (message_ref)
)
INSERT INTO carrying.outbox (shard, subject_id, message_ref, recipient, key, type, sender, occurred_at, body)
SELECT shard, subject_id, ref, recipient, key, type, sender, occurred_at, body
FROM made ORDER BY n
"""


@dataclass
class Mail:
    """Agencies with mailboxes, cases that they share, and what was offered of them."""

    ground: Ground
    fabric: Fabric
    offered_rows: list[Any] = field(default_factory=list)
    rows_made: int = 0
    taking: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, rows: int, *, part: int = 0, of: int = 1, within: psycopg.Connection[Any]) -> None:
        """Have so many more rows wait in the outbox once `within` commits.

        `part` of `of` has keys that no other part has; a part of `SHARDS` is the shard of that number.
        """
        with self.taking:
            start, self.rows_made = self.rows_made, self.rows_made + rows
        within.execute(MORE, {"rows": rows, "part": part, "of": of, "from": start})

    def letters(self, count: int, to: Sequence[str] | None = None) -> list[OutgoingRecord]:
        """Return letters as the relay would send them, under references of their own, to the agencies or to `to`."""
        records = []
        names = list(RECIPIENTS) if to is None else list(to)
        rows = [row for row in self.offered_rows if row.recipient in RECIPIENTS]
        for number in range(count):
            row = rows[number % len(rows)]
            topic = mailbox(names[list(RECIPIENTS).index(row.recipient)])
            routing = Routing(uuid4(), row.type, row.sender, row.key, row.occurred_at, number)
            records.append(OutgoingRecord(topic, str(row.key).encode(), write(routing), bytes(row.body)))
        return records

    def producer(self) -> Producer:
        """Return a producer set as the relay's: idempotent, and waiting for all replicas."""
        return producer(self.fabric.settings(acls.RELAY))


def post(by: Producer, letters: Sequence[OutgoingRecord]) -> None:
    """Send letters, and return once the broker has all of them."""
    for letter in letters:
        while True:
            try:
                by.produce(letter.topic, letter.body, letter.key, headers=list(letter.headers))
                break
            except BufferError:
                by.poll(0.05)
    if by.flush(60):
        raise TimeoutError("the broker has not taken everything")


@contextmanager
def a_mail(cases: int = CASES) -> Iterator[Mail]:
    """Run PostgreSQL and Kafka, and offer one fact of each of some cases to four agencies."""
    with a_ground() as ground, a_broker() as broker, a_folder() as folder:
        mail = Mail(ground, Fabric(ground.database, broker, folder))
        for agency_id in (CUSTODIAN, *RECIPIENTS):
            mail.fabric.open_mailbox(agency_id)
        ground.runner.run(_offered(ground, cases))
        with ground.database.superuser() as connection:
            # A partitioned order: copies of one case stand apart, as facts of different cases come in turn.
            connection.execute("CREATE TABLE carrying.kept AS SELECT * FROM carrying.outbox")
            connection.execute("UPDATE carrying.kept SET shard = id %% %s", (SHARDS,))
            connection.execute("DELETE FROM carrying.outbox")
            rows: list[Any] = connection.execute(
                "SELECT recipient, key, type, sender, occurred_at, body FROM carrying.kept ORDER BY id"
            ).fetchall()
            mail.offered_rows = [_Row(*row) for row in rows]
        yield mail


@dataclass(frozen=True, slots=True)
class _Row:
    recipient: str
    key: UUID
    type: str
    sender: str
    occurred_at: Any
    body: bytes


async def _offered(ground: Ground, cases: int) -> None:
    town = ground.town
    for _ in range(cases):
        case_ref = await a_case(town)
        async with town.unit("accord_intake", CUSTODIAN, "ana") as unit:
            await disclosure.offer(unit, an_incident(case_ref))
            await unit.session.commit()


@contextmanager
def a_process(fabric: Fabric, service: str, part: str, **other: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run one process of the product as an operator would, ready, until the block ends."""
    port = free_port()
    settings = fabric.settings("relay" if part == "relay" else service, port=port, **other)
    variables = {f"ACCORD_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()}
    command = [sys.executable, "-m", f"services.{service}.main", part]
    with (fabric.folder / f"{service}-{part}.log").open("ab") as log:
        started = subprocess.Popen(command, cwd=Path(__file__).parents[1], env=os.environ | variables, stderr=log)
    try:
        _until_ready(started, port)
        yield started
    finally:
        started.terminate()
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _until_ready(started: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if started.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError("it did not become ready")
        time.sleep(0.05)
