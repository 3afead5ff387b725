"""Parking a message with where it came from, why and after how many tries; taking it up again."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.clock import database_now
from runtime.messaging.acls import RELAY
from runtime.tasks import NewTask, close_tasks, open_task
from runtime.telemetry.error_ids import error_id
from schemas.codes import TaskQueue, TaskReason

ORIGINS: Final = UUID("6f1d3a52-5b0e-4d6b-9c53-0b1f0a7c2e11")
CODED: Final = "base64:"
DUE_WITHIN: Final = timedelta(hours=4)  # somebody's news stands still meanwhile

# ADR 0019: the reference is derived from origin and body, so that parking a message twice keeps one row.
PARK = text("""
INSERT INTO carrying.parked (parked_ref, consumer, topic, partition, "offset", message_ref, headers, key, body,
    reason, tries, error_id)
VALUES (:parked_ref, :consumer, :topic, :partition, :offset, CAST(:message_ref AS uuid), CAST(:headers AS jsonb),
    :key, :body, :reason, :tries, :error_id)
ON CONFLICT (parked_ref) DO NOTHING
""")
TAKE = text("""
SELECT parked_ref, topic, partition, "offset", message_ref, headers, key, body, reason, tries
FROM carrying.parked WHERE parked_ref = :parked_ref AND consumer = :consumer AND resolved_at IS NULL
FOR UPDATE SKIP LOCKED
""")
RESOLVE = text("""
UPDATE carrying.parked SET resolved_at = clock_timestamp(), resolution = :resolution WHERE parked_ref = :parked_ref
""")
TRIED = text("UPDATE carrying.parked SET tries = tries + 1, resolution = NULL WHERE parked_ref = :parked_ref")
ASK = text("UPDATE carrying.parked SET resolution = 'retry' WHERE parked_ref = :parked_ref AND resolved_at IS NULL")
PENDING_RETRIES = text("""
SELECT parked_ref FROM carrying.parked WHERE consumer = :consumer AND resolved_at IS NULL AND resolution = 'retry'
ORDER BY parked_at LIMIT 100
""")


class DeadLetterReason(StrEnum):
    """Why a message was parked: a class of reason, never the text of an error."""

    UNREADABLE = "unreadable"  # its headers or key are not those of a letter of ours
    NO_AGENCY = "no_agency"  # the mailbox belongs to no active agency
    FAILED = "failed"  # what should follow from it raises, whenever it is tried
    CONTENDED = "contended"  # the database would not let it through, try after try
    NO_MAILBOX = "no_mailbox"  # the recipient's topic does not exist
    TOO_LARGE = "too_large"
    UNDECIDABLE = "undecidable"  # consent could not be decided for it


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A message as it came off the broker, or as it was about to go there, untouched."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in the parking lot."""

    parked_ref: UUID
    received: RawRecord
    message_ref: UUID | None
    reason: DeadLetterReason
    tries: int


async def put(
    session: AsyncSession,
    consumer: str,
    received: RawRecord,
    reason: DeadLetterReason,
    *,
    tries: int,
    message_ref: UUID | None,
    failed: Exception | None = None,
) -> UUID:
    """Park what was received and return its reference; parking the same message twice keeps one.

    Of the error that it `failed` with, the id is kept and nothing else.
    """
    parked_ref = _reference(consumer, received)
    row = {
        "parked_ref": parked_ref,
        "consumer": consumer,
        "topic": received.topic,
        "partition": received.partition,
        "offset": received.offset,
        "message_ref": message_ref,
        "headers": json.dumps([[_written(name.encode()), _written(value)] for name, value in received.headers]),
        "key": None if received.key is None else _written_key(received.key),
        "body": received.body,
        "reason": reason.value,
        "tries": tries,
        "error_id": None if failed is None else error_id(failed),
    }
    await session.execute(PARK, row)
    await _open_task(session, consumer, received, parked_ref)
    return parked_ref


async def take(session: AsyncSession, consumer: str, parked_ref: UUID) -> DeadLetter | None:
    """Return a message that is still parked and hold it; None if it is gone or somebody else holds it."""
    row = (await session.execute(TAKE, {"parked_ref": parked_ref, "consumer": consumer})).one_or_none()
    if row is None:
        return None
    headers = tuple((_name(name), _read(value)) for name, value in row.headers)
    key = None if row.key is None else _read_key(row.key)
    received = RawRecord(row.topic, row.partition, row.offset, key, headers, row.body)
    return DeadLetter(row.parked_ref, received, row.message_ref, DeadLetterReason(row.reason), row.tries)


async def resolve(session: AsyncSession, parked_ref: UUID, resolution: str) -> None:
    """Say what became of a parked message; it stays as a record."""
    await session.execute(RESOLVE, {"parked_ref": parked_ref, "resolution": resolution})
    await close_tasks(session, None, [parked_ref], TaskReason.DEAD_LETTER)


async def count_attempt(session: AsyncSession, parked_ref: UUID) -> None:
    """Count one more try that failed."""
    await session.execute(TRIED, {"parked_ref": parked_ref})


async def request_retry(session: AsyncSession, parked_ref: UUID) -> None:
    """Ask the consumer that parked it to try once more; it looks every second or so."""
    await session.execute(ASK, {"parked_ref": parked_ref})


async def pending_retries(session: AsyncSession, consumer: str) -> Sequence[UUID]:
    """Return what this consumer was asked to try once more, oldest first."""
    return (await session.scalars(PENDING_RETRIES, {"consumer": consumer})).all()


async def _open_task(session: AsyncSession, consumer: str, received: RawRecord, parked_ref: UUID) -> None:
    """Open a task at the agency whose message it is: the sender's where a relay set it aside, else the mailbox's."""
    source = next((value for name, value in received.headers if name == "ce_source"), None) or b""
    sender, mailbox = source.decode("ascii", "replace").removeprefix("/agencies/"), received.topic.removeprefix("to.")
    # Headers of a message that cannot be read may say anything; an agency that is not there gets no task.
    agency_id = (sender if consumer == RELAY else mailbox).replace("\x00", "")
    due_at = await database_now(session) + DUE_WITHIN
    task = NewTask(agency_id, TaskReason.DEAD_LETTER, parked_ref, due_at, queue=TaskQueue.OPERATIONS)
    await open_task(session, task)


def _reference(consumer: str, received: RawRecord) -> UUID:
    # The body is part of it, as offsets begin anew where a topic was made again.
    origin = f"{consumer}|{received.topic}|{received.partition}|{received.offset}|".encode()
    return uuid5(ORIGINS, hashlib.sha256(origin + (received.key or b"") + b"|" + received.body).hexdigest())


def _written(value: bytes | None) -> str | dict[str, str] | None:
    # Parking must not fail on what is being parked for being malformed: U+0000, say, which jsonb refuses.
    if value is None:
        return None
    if value.isascii() and all(32 <= byte < 127 for byte in value):
        return value.decode("ascii")
    return {"base64": base64.b64encode(value).decode("ascii")}


def _read(value: Any) -> bytes | None:
    if value is None:
        return None
    return value.encode("ascii") if isinstance(value, str) else base64.b64decode(value["base64"])


def _written_key(key: bytes) -> str:
    written = _written(key)
    plain = isinstance(written, str) and not written.startswith(CODED)
    return str(written) if plain else CODED + base64.b64encode(key).decode("ascii")


def _read_key(written: str) -> bytes:
    coded = written.startswith(CODED)
    return base64.b64decode(written.removeprefix(CODED)) if coded else written.encode("ascii")


def _name(value: Any) -> str:
    return (_read(value) or b"").decode("utf-8", errors="replace")
