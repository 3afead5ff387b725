"""Endings that recipients were told of, as the database keeps them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.consent.domain.acknowledgements import Acknowledgement

FIELDS = (
    "ending_ref, received_ref, custodian, recipient, directive_ref, known_ref, told_at, due_at, overdue_at, "
    "acknowledged_at, acknowledged_by"
)
ADD = text("""
INSERT INTO consent.acknowledgement (ending_ref, received_ref, subject_id, custodian, recipient, directive_ref,
    known_ref, told_at, due_at)
VALUES (:ending_ref, :received_ref, :subject_id, :custodian, :recipient, :directive_ref, :known_ref, :told_at, :due_at)
""")
OF_SUBJECT = text(f"""
SELECT {FIELDS} FROM consent.acknowledgement WHERE subject_id = :subject_id AND :agency IN (custodian, recipient)
ORDER BY told_at, ending_ref
""")  # noqa: S608 - a list of our own columns
CASE_OF = text("""
SELECT c.case_ref FROM consent.acknowledgement AS a
JOIN register."case" AS c ON c.subject_id = a.subject_id AND c.agency_id = a.recipient
WHERE a.recipient = :agency AND a.known_ref = :known_ref LIMIT 1
""")
ACKNOWLEDGE = text(f"""
UPDATE consent.acknowledgement SET acknowledged_at = :at, acknowledged_by = :by
WHERE recipient = :agency AND known_ref = :known_ref AND acknowledged_at IS NULL RETURNING {FIELDS}
""")  # noqa: S608 - as above
LATE = text("""
WITH late AS (
    UPDATE consent.acknowledgement SET overdue_at = register.instant()
    WHERE custodian = :agency AND acknowledged_at IS NULL AND overdue_at IS NULL
        AND due_at <= (SELECT register.instant())
    RETURNING ending_ref, subject_id, due_at
)
SELECT late.ending_ref, late.due_at, c.case_ref FROM late
JOIN register."case" AS c ON c.subject_id = late.subject_id AND c.agency_id = :agency ORDER BY late.ending_ref
""")


@dataclass(frozen=True, slots=True)
class LateAcknowledgement:
    """An ending of the custodian's that nobody acknowledged in time, and its own case."""

    ending_ref: UUID
    due_at: datetime
    case_ref: UUID


async def add(session: AsyncSession, subject_id: int, expected: Acknowledgement) -> None:
    """Keep that a recipient was told of an ending."""
    await session.execute(ADD, asdict(expected) | {"subject_id": subject_id})


async def of_subject(session: AsyncSession, agency: str, subject_id: int) -> list[Acknowledgement]:
    """Return the endings about a subject of which the agency is a side, oldest first."""
    rows = await session.execute(OF_SUBJECT, {"agency": agency, "subject_id": subject_id})
    return [Acknowledgement(*row) for row in rows]


async def case_of(session: AsyncSession, recipient: str, known_ref: UUID) -> UUID | None:
    """Return the recipient's own case that an ended directive is about; None where it was told of no such ending."""
    case_ref: UUID | None = await session.scalar(CASE_OF, {"agency": recipient, "known_ref": known_ref})
    return case_ref


async def acknowledge(
    session: AsyncSession, recipient: str, known_ref: UUID, at: datetime, by: str
) -> list[Acknowledgement]:
    """Acknowledge every ending of a directive that waits for it; return which."""
    rows = await session.execute(ACKNOWLEDGE, {"agency": recipient, "known_ref": known_ref, "at": at, "by": by})
    return [Acknowledgement(*row) for row in rows]


async def mark_late(session: AsyncSession, custodian: str) -> list[LateAcknowledgement]:
    """Mark the custodian's endings that nobody acknowledged in time, once each; return which."""
    return [LateAcknowledgement(*row) for row in await session.execute(LATE, {"agency": custodian})]
