"""Notices by case, and the sealed message that says how the survivor may be reached; no address is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.vault.envelope import Sealed
from runtime.worker import Offered
from schemas.codes import NoticeKind

KEEP = text("""
INSERT INTO notifications.contact AS c (agency_id, case_ref, message_ref, type, occurred_at, body)
VALUES (:agency, :case_ref, :message_ref, :type, :occurred_at, :body)
ON CONFLICT (agency_id, case_ref) DO UPDATE SET message_ref = EXCLUDED.message_ref, type = EXCLUDED.type,
    occurred_at = EXCLUDED.occurred_at, body = EXCLUDED.body
WHERE c.occurred_at <= EXCLUDED.occurred_at
""")
CONTACT = text(
    "SELECT message_ref, type, body FROM notifications.contact WHERE agency_id = :agency AND case_ref = :case_ref"
)
# One notice for one cause: a fact that comes twice, or in two versions of one message, is told once.
PLAN = text("""
WITH planned AS (
    INSERT INTO notifications.notice (notice_ref, agency_id, case_ref, kind, cause_ref, state, planned_at)
    SELECT :notice_ref, c.agency_id, c.case_ref, :kind, :cause_ref, 'planned', register.instant()
    FROM notifications.contact AS c WHERE c.agency_id = :agency AND c.case_ref = :case_ref
    ON CONFLICT (agency_id, case_ref, kind, cause_ref) DO NOTHING RETURNING notice_ref, agency_id, planned_at
)
INSERT INTO notifications.due (notice_ref, agency_id, due_at) SELECT notice_ref, agency_id, planned_at FROM planned
""")
DUE = text("""
SELECT notice_ref, agency_id FROM notifications.due WHERE due_at <= register.instant()
ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
""")
NOTICE = text("SELECT * FROM notifications.notice WHERE notice_ref = :notice_ref")
OF_CASE = text("""
SELECT * FROM notifications.notice WHERE agency_id = :agency AND case_ref = :case_ref ORDER BY planned_at, notice_ref
""")
INSTANT = text("SELECT register.instant()")
CHANGE = text("""
UPDATE notifications.notice SET state = :state, reason = :reason, channel_kind = :channel_kind,
    planned_for = :planned_for, attempts = attempts + :tries,
    sent_at = CASE WHEN :state = 'sent' THEN register.instant() ELSE sent_at END
WHERE notice_ref = :notice_ref
""")
LATER = text("UPDATE notifications.due SET due_at = :due_at WHERE notice_ref = :notice_ref")
SETTLED = text("DELETE FROM notifications.due WHERE notice_ref = :notice_ref")


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: what it is about is known here and never said."""

    notice_ref: UUID
    agency_id: str
    case_ref: UUID
    kind: NoticeKind
    state: str
    reason: str | None
    channel_kind: str | None
    attempts: int
    planned_at: datetime
    planned_for: datetime | None
    sent_at: datetime | None


async def keep_contact(session: AsyncSession, offered: Offered) -> None:
    """Keep the newest sealed message of a case that says how the survivor may be reached."""
    row = {
        "agency": offered.recipient,
        "case_ref": offered.case_ref,
        "message_ref": offered.message_ref,
        "type": offered.type,
        "occurred_at": offered.sent_at,
        "body": offered.body,
    }
    await session.execute(KEEP, row)


async def contact(session: AsyncSession, agency: str, case_ref: UUID) -> Sealed | None:
    """Return the sealed message with the case's safe contact, or None."""
    row = (await session.execute(CONTACT, {"agency": agency, "case_ref": case_ref})).one_or_none()
    return None if row is None else Sealed(row.message_ref, agency, row.type, 0, row.body)


async def plan(session: AsyncSession, offered: Offered, kind: NoticeKind) -> None:
    """Plan a notice for a case of which this agency keeps a contact; for any other there is nothing to plan."""
    row = {
        "notice_ref": uuid4(),
        "agency": offered.recipient,
        "case_ref": offered.case_ref,
        "kind": kind,
        "cause_ref": offered.message_ref,
    }
    await session.execute(PLAN, row)


async def next_due(session: AsyncSession) -> tuple[UUID, str] | None:
    """Return a notice that is due and its agency, held until the transaction ends; None if none is."""
    row = (await session.execute(DUE)).one_or_none()
    return None if row is None else (row.notice_ref, row.agency_id)


async def notice(session: AsyncSession, notice_ref: UUID) -> Notice | None:
    """Return the notice, or None."""
    row = (await session.execute(NOTICE, {"notice_ref": notice_ref})).mappings().one_or_none()
    return None if row is None else _notice(row)


async def notices_of(session: AsyncSession, agency: str, case_ref: UUID) -> Sequence[Notice]:
    """Return the notices of the agency's own case, in the order they were planned."""
    rows = await session.execute(OF_CASE, {"agency": agency, "case_ref": case_ref})
    return [_notice(row) for row in rows.mappings()]


async def instant(session: AsyncSession) -> datetime:
    """Return the database's clock."""
    now: datetime = (await session.execute(INSTANT)).scalar_one()
    return now


async def change(
    session: AsyncSession,
    notice_ref: UUID,
    state: str,
    *,
    reason: str | None = None,
    channel_kind: str | None = None,
    again_at: datetime | None = None,
    tries: int = 0,
) -> None:
    """Move a notice to a state; `again_at` is when the sender looks at it again, None for never."""
    row = {"state": state, "reason": reason, "channel_kind": channel_kind, "planned_for": again_at, "tries": tries}
    await session.execute(CHANGE, row | {"notice_ref": notice_ref})
    if again_at is None:
        await session.execute(SETTLED, {"notice_ref": notice_ref})
    else:
        await session.execute(LATER, {"notice_ref": notice_ref, "due_at": again_at})


def _notice(row: RowMapping) -> Notice:
    wanted = {name: row[name] for name in Notice.__dataclass_fields__}
    return Notice(**wanted | {"kind": NoticeKind(row["kind"])})
