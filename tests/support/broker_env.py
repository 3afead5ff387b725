"""Agencies with real mailboxes, messages that wait in a real outbox, and eyes to see what became of them."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from subprocess import Popen
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient

from devstack.kafka import Kafka
from devstack.postgres import Postgres
from kernel.sealing.keys import new_key
from runtime.messaging import acls, admin, headers
from runtime.messaging.outbox.queue import SHARDS
from runtime.settings import KafkaProtocol, Profile, Settings
from schemas.services import SERVICES
from schemas.topics import mailbox
from tests.support.broker import broker_consumer
from tests.support.database import Database, a_database
from tests.support.waits import PATIENCE

PASSWORD = "test"
LONG_AGO = datetime(2026, 3, 2, 12, tzinfo=UTC)
TYPE = "accord.referral.accepted.v1"

OFFER = """
INSERT INTO carrying.offer (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv, purposes,
    directives, wrapped_key, fact_ref, occurred_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, true, 0, %s, '{}', 'x', gen_random_uuid(), %s)
"""
OUTBOX = """
INSERT INTO carrying.outbox (shard, subject_id, message_ref, recipient, key, type, sender, occurred_at, body)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Case:
    """One subject, and each agency's own reference to it."""

    subject_id: int
    refs: dict[str, UUID]


@dataclass
class Fabric:
    """The broker and the database of a test session, and what a test does to them as an outsider."""

    database: Database
    kafka: Kafka
    folder: Path
    admin: AdminClient = field(init=False)

    def __post_init__(self) -> None:
        self.admin = admin.connect(
            self.kafka.bootstrap, self.kafka.admin_user, self.kafka.admin_password, protocol=KafkaProtocol.PLAINTEXT
        )
        self.folder.mkdir(exist_ok=True)
        (self.folder / "password").write_text(PASSWORD)
        admin.prepare(self.admin, dict.fromkeys((*SERVICES, acls.RELAY), PASSWORD))

    def settings(self, user: str, **other: Any) -> Settings:
        """Return the settings of a process that runs as `user`; an agency's own process never uses the database."""
        role = user if user in (*SERVICES, acls.RELAY) else acls.RELAY
        fields: dict[str, Any] = {
            "service": role,
            "database": self.database.url(f"accord_{role}"),
            "issuer": "http://127.0.0.1:1",
            "port": 1,
            "profile": Profile.DEVELOPMENT,
            "kafka": self.kafka.bootstrap,
            "kafka_user": user,
            "kafka_password_file": self.folder / "password",
            "kafka_protocol": KafkaProtocol.PLAINTEXT,
            "keys": self.folder / "keys",
        }
        return Settings(**fields | other)

    def agency(self, *, hosted: bool = True, mailbox: bool = True) -> str:
        """Register an agency of a new name, with its mailbox unless told otherwise."""
        agency_id = f"harbor-{token_hex(5)}"
        self.sql(
            "INSERT INTO register.agency (agency_id, name, kind, purposes, hosted) "
            "VALUES (%s, 'Harbor House', 'shelter', '{shelter}', %s)",
            agency_id,
            hosted,
        )
        if mailbox:
            self.open_mailbox(agency_id, hosted=hosted)
        return agency_id

    def open_mailbox(self, agency_id: str, *, hosted: bool = True) -> None:
        admin.provision_agency(self.admin, agency_id, PASSWORD, hosted=hosted, replicas=1)

    def close(self, *agency_ids: str) -> None:
        """Make agencies inactive."""
        self.sql("UPDATE register.agency SET active = false WHERE agency_id = ANY(%s)", list(agency_ids))

    def close_all(self) -> None:
        """Make every agency of earlier tests inactive, so that a worker reads this test's mailboxes only."""
        self.sql("UPDATE register.agency SET active = false WHERE agency_id ~ '^harbor-[0-9a-f]{10}$'")

    def case(self, *agency_ids: str) -> Case:
        """Open a case of a new subject, known to each of these agencies by a reference of its own."""
        ((subject_id,),) = self.sql(
            "INSERT INTO register.subject (home_agency, participation) VALUES (%s, 'yes') RETURNING subject_id",
            agency_ids[0],
        )
        refs = {agency_id: uuid4() for agency_id in agency_ids}
        for agency_id, case_ref in refs.items():
            row = (subject_id, agency_id, case_ref, new_key())
            self.sql('INSERT INTO register."case" (subject_id, agency_id, case_ref, wrapped_key) '
                     "VALUES (%s, %s, %s, %s)", *row)  # fmt: skip
        return Case(subject_id, refs)

    def offer(
        self,
        case: Case,
        to: str,
        times: int = 1,
        *,
        by: str | None = None,
        body: bytes = b"sealed",
        within: "psycopg.Connection[Any] | None" = None,
    ) -> list[UUID]:
        """Put `times` messages into the outbox in one commit, or `within` a transaction that is still open."""
        message_refs = [uuid4() for _ in range(times)]
        with ExitStack() as stack:
            connection = within or stack.enter_context(self.database.superuser())
            stack.enter_context(connection.transaction())
            for message_ref in message_refs:
                sender, key = by or to, case.refs[to]
                routing = (message_ref, case.subject_id, sender, to, key, TYPE)
                connection.execute(OFFER, (*routing, b"\x01", ["shelter"], LONG_AGO))
                shard = case.subject_id % SHARDS
                row = (shard, case.subject_id, message_ref, to, key, TYPE, sender, LONG_AGO, body)
                connection.execute(OUTBOX, row)
        return message_refs

    def post(self, to: str, case_ref: UUID, message_refs: Iterable[UUID] = (), **other: Any) -> list[UUID]:
        """Write messages into a mailbox directly, as the relay would."""
        sent = list(message_refs) or [uuid4()]
        letters = []
        for number, message_ref in enumerate(sent):
            routing = headers.Routing(message_ref, TYPE, to, case_ref, LONG_AGO, number)
            letters.append({"key": str(case_ref), "value": b"sealed", "headers": headers.write(routing)} | other)
        self.throw_in(to, *letters)
        return sent

    def throw_in(self, to: str, *letters: dict[str, Any]) -> None:
        """Write anything at all into a mailbox."""
        producer = Producer(self.kafka.settings(acls.RELAY, PASSWORD))
        for letter in letters:
            producer.produce(mailbox(to), **letter)
        assert producer.flush(10) == 0

    def mail(self, agency_id: str, at_least: int, *, within: float = PATIENCE) -> list[Message]:
        """Return the messages in an agency's mailbox, read by the agency itself."""
        consumer = broker_consumer(self.settings(agency_id), f"{agency_id}.test-{token_hex(4)}", [mailbox(agency_id)])
        messages: list[Message] = []
        deadline = time.monotonic() + within
        try:
            while len(messages) < at_least and time.monotonic() < deadline:
                messages += [message for message in consumer.consume(500, 0.1) if message.error() is None]
            messages += [message for message in consumer.consume(500, 0.3) if message.error() is None]
        finally:
            consumer.close()
        return messages

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement as the superuser."""
        with self.database.superuser() as connection:
            done = connection.execute(statement, values)
            return done.fetchall() if done.description else []

    def state(self, message_ref: UUID) -> str:
        ((state,),) = self.sql("SELECT state FROM carrying.offer WHERE message_ref = %s", message_ref)
        return str(state)

    def parked(self, consumer: str, message_ref: UUID | None = None) -> list[Any]:
        return self.sql(
            "SELECT parked_ref, reason, tries, body, headers, key, resolution, topic FROM carrying.parked "
            "WHERE consumer = %s AND (%s::uuid IS NULL OR message_ref = %s)",
            consumer,
            message_ref,
            message_ref,
        )

    def waiting(self) -> int:
        ((rows,),) = self.sql("SELECT count(*) FROM carrying.outbox")
        return int(rows)


def ids(messages: Iterable[Message]) -> list[UUID]:
    """Return the references that stand on messages, in the order they lie there."""
    return [UUID(header(message, "ce_id")) for message in messages]


def header(message: Message, name: str) -> str:
    """Return the value of one header of a message."""
    value = dict(message.headers() or ())[name]
    assert isinstance(value, bytes)
    return value.decode("ascii")


@pytest.fixture(scope="session")
def fabric(postgres: Postgres, kafka: Kafka, run_folder: Path) -> Fabric:
    """The broker with our users on it, and a database whose outbox and agencies are these tests' alone."""
    return Fabric(a_database(postgres, "accord_fabric"), kafka, run_folder / "fabric")


@contextmanager
def process(fabric: Fabric, part: str, consumer: str = "", crash_at: str | None = None) -> Iterator[Popen[bytes]]:
    """A relay or a worker in a process of its own, which is over when the block is."""
    settings = fabric.settings("exchange" if part == "worker" else "relay", crash_at=crash_at)
    environment = {
        f"ACCORD_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.processes", part, consumer]
    started = Popen(command, cwd=Path(__file__).parents[2], env=os.environ | environment)
    try:
        yield started
    finally:
        started.kill()
        started.wait()
