"""What lies in the database, in Kafka and behind the API once all is quiet, fetched as a superuser and as agencies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

HOME = "bay-hotline"
Row = dict[str, Any]

QUERIES = {
    "cases": """SELECT c.subject_id, c.agency_id, c.case_ref::text, s.pseudonym::text AS subject,
        s.participation FROM register."case" c JOIN register.subject s USING (subject_id)""",
    "people": "SELECT person_ref, pseudonym::text FROM register.person",
    "agencies": "SELECT agency_id, pseudonym::text FROM register.agency",
    "directives": "SELECT directive_ref::text, state, effect, recipient, subject_id FROM register.directive",
    "incidents": "SELECT incident_ref::text, case_ref::text, version FROM intake.incident",
    "plans": "SELECT case_ref::text, version FROM intake.plan",
    "orders": "SELECT order_ref::text, case_ref::text, version FROM law_enforcement_bridge.protective_order",
    "referrals": """SELECT referral_ref::text, receiver_ref::text, case_ref::text, state, version
        FROM referrals.referral""",
    "notices": """SELECT notice_ref::text, agency_id, case_ref::text, cause_ref::text, state,
        coalesced_into::text FROM notifications.notice""",
    "due": "SELECT notice_ref::text FROM notifications.due",
    "offers": """SELECT message_ref::text, subject_id, custodian, recipient, case_ref::text, type, sequence, state
        FROM carrying.offer""",
    "inbox": "SELECT consumer, message_ref::text FROM carrying.inbox",
    "messages": """SELECT message_ref::text, recipient, place, case_ref::text FROM exchange.message
        ORDER BY recipient, place""",
    "parked": "SELECT consumer, message_ref::text, reason FROM carrying.parked WHERE resolved_at IS NULL",
    "waiting": "SELECT message_ref::text FROM carrying.outbox",
    "pending": "SELECT id FROM ledger.pending",
    "leaves": "SELECT index, header, hash, salt FROM ledger.leaf ORDER BY index",
    "checkpoints": "SELECT size, root, note FROM ledger.checkpoint ORDER BY size",
    "head": "SELECT size FROM ledger.head",
}


@dataclass
class Outside:
    """Rows by the name of their query, what lies in each mailbox, and what each agency is shown."""

    rows: dict[str, list[Row]]
    mailboxes: dict[str, list[Row]] = field(default_factory=dict)  # agency -> message_ref, key, sequence, in order
    listed: dict[str, list[Row]] = field(default_factory=dict)  # agency -> its inbox as the API lists it
    shown_incidents: dict[str, set[str]] = field(default_factory=dict)  # case -> incidents its custodian is shown
    handed_on: list[str] = field(default_factory=list)  # notices that went out
    vkey: str = ""

    def __getitem__(self, name: str) -> list[Row]:
        return self.rows[name]


def rows(url: str) -> dict[str, list[Row]]:
    """Return all that the checker asks of the database, as one snapshot."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        tables = {}
        for name, statement in QUERIES.items():
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row).execute(statement)
            tables[name] = [dict(row) for row in cursor]
        return tables


def mailboxes(settings: dict[str, Any], agencies: Sequence[str], within: float = 60.0) -> dict[str, list[Row]]:
    """Return what lies in each agency's mailbox, each partition in its order, from its first offset to its last."""
    reader = Consumer(settings | {"group.id": "outside", "enable.auto.commit": False})
    try:
        ends = {(f"to.{agency}", number): ends for agency in agencies for number, ends in _ends(reader, f"to.{agency}")}
        reader.assign([TopicPartition(*place, first) for place, (first, _) in ends.items()])
        messages = _read(reader, {place: behind for place, (first, behind) in ends.items() if first < behind}, within)
    finally:
        reader.close()
    return {
        agency: [_letter(message) for message in messages if message.topic() == f"to.{agency}"] for agency in agencies
    }


def _ends(reader: Consumer, topic: str) -> Iterator[tuple[int, tuple[int, int]]]:
    for number in reader.list_topics(topic, timeout=20).topics[topic].partitions:
        yield number, reader.get_watermark_offsets(TopicPartition(topic, number), timeout=20)


def _read(reader: Consumer, left: dict[tuple[str, int], int], within: float) -> list[Any]:
    messages: list[Any] = []
    deadline = time.monotonic() + within
    while left:
        assert time.monotonic() < deadline, f"{sorted(left)} cannot be read to their ends"
        for message in reader.consume(500, 0.1):
            if message.error():
                raise KafkaException(message.error())
            messages.append(message)
            place = str(message.topic()), int(message.partition() or 0)
            if int(message.offset() or 0) + 1 == left.get(place):
                del left[place]
    return sorted(messages, key=lambda message: (message.topic(), message.partition(), message.offset()))


def _letter(message: Any) -> Row:
    headers = {name: value.decode() for name, value in message.headers() or ()}
    key = (message.key() or b"").decode()
    return {"message_ref": headers.get("ce_id"), "key": key, "sequence": int(headers.get("ce_sequence", -1))}


def handed_on(run: Path) -> list[str]:
    """Return the notices that a provider would have been handed."""
    return [file.stem for file in (run / "notices").glob("*.json")]
