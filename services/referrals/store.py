"""The table of referrals. Each query carries in its WHERE who may find the row; to any other it is absent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, or_, select, text, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Decision
from runtime.disclosure.list_reads import DecidedBy
from schemas.codes import (
    ConflictCheck,
    OutcomeCode,
    Priority,
    Purpose,
    ReferralKind,
    ReferralMode,
    ReferralState,
    ServiceCode,
)
from services.referrals.domain import UNANSWERED, UNDER_WAY, Referral
from services.referrals.filters import (
    ORDERED_BY,
    Direction,
    PagePosition,
    ReferralFilter,
    SortOrder,
    by_state,
    conditions,
)
from services.referrals.table import CASE, COLUMNS, IS_LIVE, IS_OPEN, NOW, ROWS, SUBJECT, WAITS

CODES = {
    "kind": ReferralKind,
    "mode": ReferralMode,
    "service_code": ServiceCode,
    "priority": Priority,
    "purpose": Purpose,
    "state": ReferralState,
    "conflict_check": ConflictCheck,
    "outcome_code": OutcomeCode,
}
STEPS = (
    "state",
    "version",
    "changed_at",
    "answer_by",
    "overdue_since",
    "conflict_check",
    "reason_code",
    "outcome_code",
)

TO_REMIND = text("SELECT agency FROM referrals.agencies_to_remind() AS agency ORDER BY agency")
TO_REVIEW = text("SELECT agency FROM referrals.agencies_to_review() AS agency ORDER BY agency")


async def referral_sent_by(
    session: AsyncSession, agency: str, referral_ref: UUID, *, to_change: bool = False
) -> Referral | None:
    """Return the referral if `agency` sent it; to any other it is absent."""
    query = select(*COLUMNS).where(ROWS.c.sending_agency == agency, ROWS.c.referral_ref == referral_ref)
    return await _fetch_one(session, query, to_change)


async def referral_sent_to(
    session: AsyncSession, agency: str, referral_ref: UUID, *, to_change: bool = False
) -> Referral | None:
    """Return the referral that `agency` was sent and knows by `referral_ref`; to any other it is absent."""
    query = select(*COLUMNS).where(ROWS.c.receiving_agency == agency, ROWS.c.receiver_ref == referral_ref)
    return await _fetch_one(session, query, to_change)


async def put(
    session: AsyncSession, referral: Referral, subject_id: int, consent_sv: int, consent_until: datetime | None
) -> bool:
    """Keep a new referral, and the consent it was sent under; False where an open one of any agency has its code."""
    relied_on = {"subject_id": subject_id, "consent_sv": consent_sv, "consent_until": consent_until}
    row = insert(ROWS).values(**asdict(referral), **relied_on)
    unique = row.on_conflict_do_nothing(index_elements=["spoken_code"], index_where=IS_OPEN)
    return (await session.execute(unique.returning(ROWS.c.version))).first() is not None


async def keep(session: AsyncSession, referral: Referral) -> None:
    """Keep the referral as it now is; the wall lets its sender and its receiver do so, and nobody else."""
    steps = {name: getattr(referral, name) for name in STEPS}
    await session.execute(update(ROWS).where(ROWS.c.referral_ref == referral.referral_ref).values(**steps))


async def is_open_between(session: AsyncSession, closed: Referral) -> bool:
    """Tell whether another referral of the same survivor is open between the two agencies, in either direction."""
    subject_id = select(ROWS.c.subject_id).where(ROWS.c.referral_ref == closed.referral_ref).scalar_subquery()
    directions = ((closed.sending_agency, closed.receiving_agency), (closed.receiving_agency, closed.sending_agency))
    query = select(ROWS.c.referral_ref).where(
        ROWS.c.subject_id == subject_id,
        ROWS.c.referral_ref != closed.referral_ref,
        IS_LIVE,
        ROWS.c.state.in_(UNANSWERED | UNDER_WAY),
        tuple_(ROWS.c.sending_agency, ROWS.c.receiving_agency).in_(directions),
    )
    return (await session.execute(query.limit(1))).first() is not None


async def conflict_checks(
    session: AsyncSession, agency: str, case_ref: UUID, checks: Collection[ConflictCheck], *, to_change: bool = False
) -> list[Referral]:
    """Return the referrals to the agency, in its own case, whose conflict check stands so; of those that wait, open."""
    query = (
        select(*COLUMNS)
        .join(CASE, CASE.c.subject_id == ROWS.c.subject_id)
        .where(CASE.c.case_ref == case_ref, CASE.c.agency_id == agency, ROWS.c.receiving_agency == agency, IS_LIVE)
        .where(ROWS.c.conflict_check.in_(checks), or_(ROWS.c.conflict_check != ConflictCheck.PENDING, WAITS))
        .order_by(ROWS.c.referral_ref)
    )
    return await _fetch_all(session, query.with_for_update(of=ROWS) if to_change else query)


async def referrals_of(
    session: AsyncSession, agency: str, filters: ReferralFilter, behind: PagePosition | None, rows: int
) -> list[Referral]:
    """Return up to `rows` referrals of the agency behind a place, in the order of the list."""
    query = select(*COLUMNS).where(*conditions(agency, filters))
    keys = ORDERED_BY[filters.order], ROWS.c.referral_ref
    newest_first = filters.order is SortOrder.CHANGED
    if behind is not None:
        place, row = tuple_(behind.at, behind.referral_ref), tuple_(*keys)
        query = query.where(row < place if newest_first else row > place)
    ordered = query.order_by(*(key.desc() for key in keys) if newest_first else keys)
    return await _fetch_all(session, ordered.limit(rows))


async def referrals_counted(session: AsyncSession, agency: str, filters: ReferralFilter, rows: int) -> list[DecidedBy]:
    """Return the fields that decide each of up to `rows` referrals of the agency: all that a count needs."""
    parts = [_counted(agency, part, rows) for part in by_state(filters)]
    query = parts[0] if len(parts) == 1 else select(union_all(*(part.subquery().select() for part in parts)).subquery())
    return [tuple(row) for row in await session.execute(query.limit(rows))]


def _counted(agency: str, filters: ReferralFilter, rows: int) -> Select[Any]:
    query = select(ROWS.c.subject_id, ROWS.c.sending_agency, ROWS.c.purpose).where(*conditions(agency, filters))
    if filters.direction is not Direction.COORDINATED:
        # In the order of the index that finds them, so that it is read as far as the limit and no further.
        query = query.order_by(ROWS.c.created_at, ROWS.c.referral_ref)
    return query.limit(rows)


async def agencies_to_remind(session: AsyncSession) -> list[str]:
    """Return the agencies that sent a referral which nobody answered in time."""
    return list(await session.scalars(TO_REMIND))


async def agencies_to_review(session: AsyncSession) -> list[str]:
    """Return the agencies that sent an open referral whose consent has changed or ended since it was looked at."""
    return list(await session.scalars(TO_REVIEW))


async def overdue_referrals(
    session: AsyncSession, agency: str, rows: int, among: Collection[UUID] | None = None
) -> list[Referral]:
    """Return referrals that are overdue and not yet noted so.

    Those of `among`, whose subjects are held, are returned for change; what another clock holds is left to it.
    """
    due = (ROWS.c.overdue_since.is_(None), WAITS, ROWS.c.answer_by <= NOW)
    query = select(*COLUMNS).where(ROWS.c.sending_agency == agency, *due).order_by(ROWS.c.answer_by).limit(rows)
    if among is not None:
        query = query.where(ROWS.c.referral_ref.in_(among)).with_for_update(skip_locked=True)
    return await _fetch_all(session, query)


async def unreviewed_referrals(session: AsyncSession, agency: str, rows: int) -> list[Referral]:
    """Return open referrals whose consent has changed or ended since it was looked at."""
    changed = or_(SUBJECT.c.sv != ROWS.c.consent_sv, ROWS.c.consent_until <= NOW)
    query = (
        select(*COLUMNS)
        .join(SUBJECT, SUBJECT.c.subject_id == ROWS.c.subject_id)
        .where(ROWS.c.sending_agency == agency, IS_LIVE, ROWS.c.state.in_(UNANSWERED | UNDER_WAY), changed)
        .order_by(ROWS.c.referral_ref)
        .limit(rows)
    )
    return await _fetch_all(session, query)


async def note_review(session: AsyncSession, referral: Referral, decided: Decision) -> None:
    """Note under which consent the receiver may still see the referral."""
    row = update(ROWS).where(ROWS.c.referral_ref == referral.referral_ref)
    await session.execute(row.values(consent_sv=decided.sv, consent_until=decided.until))


async def _fetch_one(session: AsyncSession, query: Select[Any], to_change: bool) -> Referral | None:
    row = (await session.execute(query.with_for_update() if to_change else query)).mappings().one_or_none()
    return None if row is None else _referral(row)


async def _fetch_all(session: AsyncSession, query: Select[Any]) -> list[Referral]:
    return [_referral(row) for row in (await session.execute(query)).mappings()]


def _referral(row: RowMapping) -> Referral:
    read = {name: _read(name, value) for name, value in row.items()}
    return Referral(**read)


def _read(name: str, value: Any) -> Any:
    return value if value is None or name not in CODES else CODES[name](value)
