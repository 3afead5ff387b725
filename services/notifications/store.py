"""Notices by case, and the sealed message that says how the survivor may be reached; no address is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.sealing.envelope import Sealed
from runtime.messaging.consumer import SealedMessage
from runtime.register import database_now
from schemas.codes import ChannelKind, NoticeKind, NoticeState
from services.notifications.domain import BURST_WITHIN, HELD_BY_THE_BRAKE, MEAN_OF, Volume

OWN_CASE = text('SELECT true FROM register."case" WHERE agency_id = :agency AND case_ref = :case_ref')
# The number within the mailbox is in the order of the commits, as no clock is.
KEEP = text("""
INSERT INTO notifications.contact AS c (agency_id, case_ref, field, message_ref, type, sequence, body)
SELECT :agency, :case_ref, field, :message_ref, :type, :sequence, :body FROM unnest(CAST(:fields AS text[])) AS field
ON CONFLICT (agency_id, case_ref, field) DO UPDATE SET message_ref = EXCLUDED.message_ref, type = EXCLUDED.type,
    sequence = EXCLUDED.sequence, body = EXCLUDED.body
WHERE c.sequence < EXCLUDED.sequence
""")
WAKE = text("""
UPDATE notifications.due AS d SET due_at = LEAST(d.due_at, register.instant()) FROM notifications.notice AS n
WHERE n.notice_ref = d.notice_ref AND n.agency_id = :agency AND n.case_ref = :case_ref
""")
CONTACT = text("""
SELECT message_ref, type, body, array_agg(field) AS fields FROM notifications.contact
WHERE agency_id = :agency AND case_ref = :case_ref GROUP BY message_ref, type, body ORDER BY message_ref
""")
# One notice for one cause: a fact that comes twice, or in two versions of one message, is told once.
PLAN = text("""
WITH planned AS (
    INSERT INTO notifications.notice (notice_ref, agency_id, case_ref, kind, cause_ref, source, state, planned_at)
    SELECT :notice_ref, :agency, :case_ref, :kind, :cause_ref, :source, 'planned', register.instant()
    WHERE EXISTS (SELECT FROM notifications.contact WHERE agency_id = :agency AND case_ref = :case_ref)
    ON CONFLICT (agency_id, case_ref, kind, cause_ref) DO NOTHING
    RETURNING notice_ref, agency_id, planned_at, source
)
INSERT INTO notifications.due (notice_ref, agency_id, due_at, source)
SELECT notice_ref, agency_id, planned_at, source FROM planned
""")
# Put off and committed before it is looked at: whatever becomes of the look, it stands in the way of no other.
# The agencies whose news was dealt with last come last: who sends much waits behind its own, and nobody else does.
# One is chosen first and by itself: joined to, the choice may be made anew for each row, and each time fall on another.
CLAIM = text("""
UPDATE notifications.due SET due_at = register.instant() + CAST(:lease AS interval)
WHERE notice_ref = (SELECT notice_ref FROM notifications.due WHERE due_at <= register.instant()
    AND source <> ALL(CAST(:served AS text[])) ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING notice_ref, agency_id, due_at, source
""")
NOTICE = text("SELECT * FROM notifications.notice WHERE notice_ref = :notice_ref")
OF_CASE = text("""
SELECT n.*, (SELECT count(*) FROM notifications.notice AS c WHERE c.coalesced_into = n.notice_ref
    AND c.agency_id = n.agency_id AND c.case_ref = n.case_ref) AS coalesced
FROM notifications.notice AS n WHERE agency_id = :agency AND case_ref = :case_ref ORDER BY planned_at, notice_ref
""")
# All rows of the case are locked, in one order, so that two senders never both find that its next notice is allowed.
HANDED_ON = text("""
SELECT notice_ref, kind, handing_on_at FROM notifications.notice
WHERE agency_id = :agency AND case_ref = :case_ref AND state <> 'failed' ORDER BY notice_ref FOR NO KEY UPDATE
""")
HANDING_ON = text("""
UPDATE notifications.notice SET handing_on_at = COALESCE(handing_on_at, register.instant())
WHERE notice_ref = :notice_ref AND state IN ('planned', 'held') RETURNING notice_ref
""")
# The others of the kind wait as long, so that a hundred of them cost one look.  What the survivor says anew wakes them.
# What a person is to look at stays for them to see.
WAIT = text("""
WITH waiting AS (
    UPDATE notifications.notice SET state = 'held', reason = :reason, planned_for = :until
    WHERE agency_id = :agency AND kind = :kind AND state IN ('planned', 'held') AND handing_on_at IS NULL
        AND case_ref = :case_ref AND reason IS DISTINCT FROM 'brake'
    RETURNING notice_ref
)
UPDATE notifications.due AS d SET due_at = :until FROM waiting AS w WHERE d.notice_ref = w.notice_ref
""")
# Each is held for its own day, however long more comes, and not again once a person let it go.
BRAKE = text("""
WITH braked AS (
    UPDATE notifications.notice SET state = 'held', reason = 'brake',
        planned_for = planned_at + CAST(:held_for AS interval)
    WHERE notice_ref IN (SELECT notice_ref FROM notifications.notice
        WHERE agency_id = :agency AND kind = :kind AND source = :source AND state IN ('planned', 'held')
            AND handing_on_at IS NULL AND decided_at IS NULL
            AND planned_at > register.instant() - CAST(:held_for AS interval)
        ORDER BY notice_ref FOR NO KEY UPDATE)
    RETURNING notice_ref, planned_for
)
UPDATE notifications.due AS d SET due_at = b.planned_for FROM braked AS b WHERE d.notice_ref = b.notice_ref
""")
VOLUME = text("""
WITH asked AS (SELECT CAST(:at AS timestamptz) AS at)
SELECT count(DISTINCT case_ref) FILTER (WHERE planned_at > at - CAST(:burst AS interval)),
    count(DISTINCT case_ref) FILTER (WHERE planned_at > at - interval '1 day'),
    count(DISTINCT (case_ref, CAST(planned_at AS date))) FILTER (WHERE planned_at <= at - interval '1 day')
FROM notifications.notice, asked WHERE agency_id = :agency AND source = :source AND kind = :kind
    AND planned_at > at - interval '1 day' - CAST(:mean_of AS interval)
""")
# The words are neutral: one notice says all that was planned before it went out.
COALESCE = text("""
WITH dropped AS (
    UPDATE notifications.notice AS n SET state = 'dropped', reason = 'coalesced', planned_for = NULL,
        coalesced_into = s.notice_ref
    FROM notifications.notice AS s WHERE s.notice_ref = :notice_ref AND n.agency_id = s.agency_id
        AND n.case_ref = s.case_ref AND n.notice_ref <> s.notice_ref AND n.state IN ('planned', 'held')
        AND n.planned_at <= s.handing_on_at AND n.handing_on_at IS NULL
    RETURNING n.notice_ref
)
DELETE FROM notifications.due AS d USING dropped WHERE d.notice_ref = dropped.notice_ref
""")
HOLD = text("""
UPDATE notifications.notice SET state = 'held', reason = :reason, planned_for = :planned_for
WHERE notice_ref = :notice_ref AND state IN ('planned', 'held')
""")
# Unless its lease was changed meanwhile: then the survivor said something new, and it is looked at again at once.
LATER = text("UPDATE notifications.due SET due_at = :due_at WHERE notice_ref = :notice_ref AND due_at = :leased_until")
TRIED = text(
    "UPDATE notifications.notice SET attempts = attempts + 1 WHERE notice_ref = :notice_ref RETURNING attempts"
)
SETTLE = text("""
UPDATE notifications.notice SET state = :state, channel_kind = :channel_kind, reason = NULL, planned_for = NULL,
    sent_at = CASE WHEN :state = 'sent' THEN register.instant() END
WHERE notice_ref = :notice_ref AND state IN ('planned', 'held') RETURNING notice_ref
""")
SETTLED = text("DELETE FROM notifications.due WHERE notice_ref = :notice_ref")


@dataclass(frozen=True, slots=True)
class ContactMessage:
    """A sealed message, and what it says of how the survivor may be reached."""

    sealed: Sealed
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that is due, claimed by one sender until an instant."""

    notice_ref: UUID
    agency_id: str
    leased_until: datetime
    source: str


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
    source: str | None
    handing_on_at: datetime | None
    coalesced_into: UUID | None
    decided_by: str | None  # who let it go, or dropped it, when the brake held it
    decided_at: datetime | None
    coalesced: int = 0  # how many others it stands for


async def is_own_case(session: AsyncSession, agency: str, case_ref: UUID) -> bool:
    """Tell whether the agency has a case of this reference."""
    return bool(await session.scalar(OWN_CASE, {"agency": agency, "case_ref": case_ref}))


async def keep_contact(session: AsyncSession, offered: SealedMessage, fields: Sequence[str]) -> None:
    """Keep a sealed message as the newest to say `fields`, and have the case's notices looked at anew."""
    case = {"agency": offered.recipient, "case_ref": offered.case_ref}
    row = {
        "fields": list(fields),
        "message_ref": offered.message_ref,
        "type": offered.type,
        "sequence": offered.sequence,
        "body": offered.body,
    }
    await session.execute(KEEP, case | row)
    await session.execute(WAKE, case)


async def contact(session: AsyncSession, agency: str, case_ref: UUID) -> list[ContactMessage]:
    """Return the sealed messages that say how the survivor may be reached, each with what it says."""
    rows = await session.execute(CONTACT, {"agency": agency, "case_ref": case_ref})
    return [ContactMessage(Sealed(row.message_ref, agency, row.type, 0, row.body), tuple(row.fields)) for row in rows]


async def plan(session: AsyncSession, offered: SealedMessage, kind: NoticeKind) -> None:
    """Plan a notice for a case of which this agency keeps a contact; for any other there is nothing to plan."""
    row = {
        "notice_ref": uuid4(),
        "agency": offered.recipient,
        "case_ref": offered.case_ref,
        "kind": kind,
        "cause_ref": offered.message_ref,
        "source": offered.sender,
    }
    await session.execute(PLAN, row)


async def claim(session: AsyncSession, lease: timedelta, served: Collection[str] = ()) -> Due | None:
    """Return a notice that is due, put off by `lease` for every other sender; None if none is.

    A notice about the news of an agency in `served` is not claimed.
    """
    row = (await session.execute(CLAIM, {"lease": lease, "served": list(served)})).one_or_none()
    return None if row is None else Due(row.notice_ref, row.agency_id, row.due_at, row.source)


async def handed_on(session: AsyncSession, notice: Notice, only: NoticeKind | None) -> list[datetime]:
    """Lock the case's notices and return when the others were handed on, those of the kind `only` where it is named."""
    rows = await session.execute(HANDED_ON, {"agency": notice.agency_id, "case_ref": notice.case_ref})
    others = [row for row in rows if row.handing_on_at is not None and row.notice_ref != notice.notice_ref]
    return [row.handing_on_at for row in others if only is None or row.kind == only]


async def handing_on(session: AsyncSession, notice_ref: UUID) -> bool:
    """Record that a notice is about to be handed on; tell whether it still may be."""
    return (await session.execute(HANDING_ON, {"notice_ref": notice_ref})).one_or_none() is not None


async def wait(session: AsyncSession, notice: Notice, reason: str, until: datetime) -> None:
    """Hold a notice until an instant, and with it the others of its kind in its case."""
    row = {"agency": notice.agency_id, "kind": notice.kind, "case_ref": notice.case_ref}
    await session.execute(WAIT, row | {"reason": reason, "until": until})


async def brake(session: AsyncSession, notice: Notice) -> None:
    """Hold all of a notice's kind from its source for a day each, for a person to look at."""
    row = {"agency": notice.agency_id, "kind": notice.kind, "source": notice.source}
    await session.execute(BRAKE, row | {"held_for": HELD_BY_THE_BRAKE})


async def volume(session: AsyncSession, notice: Notice) -> Volume:
    """Return how much of the notice's kind its source has told the agency, up to now."""
    row = {"agency": notice.agency_id, "source": notice.source, "kind": notice.kind, "at": await database_now(session)}
    counted = await session.execute(VOLUME, row | {"burst": BURST_WITHIN, "mean_of": MEAN_OF})
    return Volume(*counted.one())


async def coalesce(session: AsyncSession, due: Due) -> None:
    """Drop the notices of the case that the sent notice stands for; all notices of the case are locked."""
    await session.execute(COALESCE, {"notice_ref": due.notice_ref})


async def notice(session: AsyncSession, notice_ref: UUID) -> Notice | None:
    """Return the notice, or None."""
    row = (await session.execute(NOTICE, {"notice_ref": notice_ref})).mappings().one_or_none()
    return None if row is None else as_notice(row)


async def notices_of(session: AsyncSession, agency: str, case_ref: UUID) -> Sequence[Notice]:
    """Return the notices of the agency's own case, in the order they were planned."""
    rows = await session.execute(OF_CASE, {"agency": agency, "case_ref": case_ref})
    return [as_notice(row) for row in rows.mappings()]


async def hold(
    session: AsyncSession, due: Due, reason: str, again_at: datetime, planned_for: datetime | None = None
) -> None:
    """Hold a notice, to be looked at again at `again_at`, or before if the survivor says something new."""
    row = {"notice_ref": due.notice_ref, "reason": reason, "planned_for": planned_for}
    await session.execute(HOLD, row)
    later = {"notice_ref": due.notice_ref, "due_at": again_at, "leased_until": due.leased_until}
    await session.execute(LATER, later)


async def tried(session: AsyncSession, due: Due) -> int:
    """Count a try that failed, and return how many did."""
    attempts: int = (await session.execute(TRIED, {"notice_ref": due.notice_ref})).scalar_one()
    return attempts


async def settle(session: AsyncSession, due: Due, state: NoticeState, channel: ChannelKind) -> bool:
    """Bring a notice to its end; tell whether it was still on its way."""
    row = {"notice_ref": due.notice_ref, "state": state, "channel_kind": channel}
    settled = (await session.execute(SETTLE, row)).one_or_none()
    await session.execute(SETTLED, {"notice_ref": due.notice_ref})
    return settled is not None


def as_notice(row: RowMapping) -> Notice:
    """Return a row as a notice."""
    fields = {name: row[name] for name in Notice.__dataclass_fields__ if name in row}
    return Notice(**fields | {"kind": NoticeKind(row["kind"])})
