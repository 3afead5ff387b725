"""How the messages of one agency are carried: what waits, what was set aside, how far its mailbox is behind.

The wall is in the database: the functions of 0027_health.py see the rows of the agency whose wall is up, and no body.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from kernel.ledger.entry import Act, Verdict
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.ledger.pending_entries import append, leaf
from runtime.messaging.acls import RELAY
from runtime.messaging.dead_letters import DeadLetterReason
from runtime.messaging.headers import SOURCE, TYPE
from runtime.tasks import close_tasks
from schemas.codes import TaskReason

CONSUMER: Final = "exchange"
WAITS: Final = text("""
SELECT register.instant() AS at, o.waiting, o.oldest_at, l.observed_at, l.unread_seconds
FROM carrying.own_outbox() AS o LEFT JOIN carrying.consumer_lag AS l ON l.consumer = :consumer
""")
READERS: Final = text("SELECT consumer, observed_at, unread_seconds FROM carrying.consumer_lag ORDER BY consumer")
DEAD_LETTERS: Final = text("""
SELECT d.*, a.agency_id, a.name FROM carrying.own_dead_letters(:after_at, :after_ref, :rows) AS d
LEFT JOIN register.agency AS a
    ON a.agency_id = CASE WHEN d.consumer = :relay THEN substring(d.topic FROM 4) ELSE substring(d.source FROM 11) END
ORDER BY d.parked_at, d.parked_ref
""")
ANSWER: Final = text("SELECT carrying.answer_own_dead_letter(:ref, :answer)")

Place = tuple[datetime, UUID]
THE_OLDEST: Final[Place] = (datetime.min.replace(tzinfo=UTC), UUID(int=0))


class MessageDirection(StrEnum):
    """Whether a message was on its way to another agency, or had come to the own mailbox."""

    SENT = "sent"
    RECEIVED = "received"


class DeadLetterAnswer(StrEnum):
    """What a person may want of a message that was set aside."""

    RETRY = "retry"  # whoever set it aside tries once more, consent decided anew
    ENDED = "ended"  # nobody tries it again


@dataclass(frozen=True, slots=True)
class MailboxReader:
    """How far a consumer of the mailboxes of this installation was behind, when it last noted so."""

    consumer: str
    observed_at: datetime
    unread_seconds: float


@dataclass(frozen=True, slots=True)
class Carriage:
    """What waits to be sent (up to 1,000) since when, and how far the keeper of mailboxes was behind when last seen.

    The keeper serves all mailboxes of this installation; `observed_at` is None where it was never seen.
    """

    at: datetime
    waiting: int
    oldest_at: datetime | None
    observed_at: datetime | None
    unread_seconds: float | None
    readers: tuple[MailboxReader, ...]


@dataclass(frozen=True, slots=True)
class OwnDeadLetter:
    """A message that was set aside: its route and the class of reason, and nothing that it says."""

    parked_ref: UUID
    direction: MessageDirection
    type: str | None
    agency_id: str | None
    agency_name: str | None
    reason: DeadLetterReason
    tries: int
    parked_at: datetime
    retry: bool


async def carriage(unit: UnitOfWork) -> Carriage:
    """Return how the agency's messages are carried now."""
    row = (await unit.session.execute(WAITS, {"consumer": CONSUMER})).one()
    readers = tuple(MailboxReader(*reader) for reader in await unit.session.execute(READERS))
    return Carriage(row.at, row.waiting, row.oldest_at, row.observed_at, row.unread_seconds, readers)


async def dead_letters(unit: UnitOfWork, behind: Place, rows: int) -> list[OwnDeadLetter]:
    """Return up to `rows` of the agency's messages that were set aside behind a place, the oldest first."""
    params = {"after_at": behind[0], "after_ref": behind[1], "rows": rows, "relay": RELAY}
    return [_dead_letter(row) for row in await unit.session.execute(DEAD_LETTERS, params)]


async def answer(unit: UnitOfWork, parked_ref: UUID, decided: DeadLetterAnswer) -> bool:
    """Have a message tried again, or its wait ended, on record; false where the agency has no such message."""
    if not await unit.session.scalar(ANSWER, {"ref": parked_ref, "answer": decided}):
        return False
    if decided is DeadLetterAnswer.ENDED:
        await close_tasks(unit.session, unit.agency_id, [parked_ref], TaskReason.DEAD_LETTER)
    by = await audit_entries.resolve_actor(unit)
    at = await register.database_now(unit.session)
    fields = {"at": at, "act": Act.ADMINISTERED, "actor": by.actor, "agency": by.agency, "custodian": by.agency}
    detail = {"parked_ref": str(parked_ref), "answer": str(decided)} | unit.asker
    await append(unit.session, [leaf(detail, None, **fields, verdict=Verdict.PERMIT, sv=0)])
    return True


def _dead_letter(row: Any) -> OwnDeadLetter:
    sent = row.consumer == RELAY
    # A message that could not be read may say anything in its headers: what is not of our form is not passed on.
    readable = TYPE.fullmatch(row.type or "") is not None and SOURCE.fullmatch(row.source or "") is not None
    return OwnDeadLetter(
        parked_ref=row.parked_ref,
        direction=MessageDirection.SENT if sent else MessageDirection.RECEIVED,
        type=row.type if readable else None,
        agency_id=row.agency_id,
        agency_name=row.name,
        reason=DeadLetterReason(row.reason),
        tries=row.tries,
        parked_at=row.parked_at,
        retry=row.retry,
    )
