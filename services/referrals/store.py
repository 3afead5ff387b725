"""The table of referrals. Each query carries in its WHERE who may find the row; to any other it is absent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    RowMapping,
    Select,
    Table,
    Text,
    Uuid,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
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
INSTANT = DateTime(timezone=True)
COLUMNS = (
    Column("referral_ref", Uuid, primary_key=True),
    Column("case_ref", Uuid),
    Column("sending_agency", Text),
    Column("receiving_agency", Text),
    Column("receiver_ref", Uuid),
    Column("kind", Text),
    Column("mode", Text),
    Column("service_code", Text),
    Column("priority", Text),
    Column("purpose", Text),
    Column("state", Text),
    Column("version", Integer),
    Column("created_at", INSTANT),
    Column("changed_at", INSTANT),
    Column("answer_by", INSTANT),
    Column("overdue_since", INSTANT),
    Column("follows_ref", Uuid),
    Column("conflict_check", Text),
    Column("reason_code", Text),
    Column("outcome_code", Text),
)
ROWS = Table(
    "referral",
    MetaData(schema="referrals"),
    *COLUMNS,
    Column("subject_id", BigInteger),
    Column("consent_sv", BigInteger),  # under which consent the receiver was last allowed to see it, and until when
    Column("consent_until", INSTANT),
)
SUBJECT = Table(
    "subject", MetaData(schema="register"), Column("subject_id", BigInteger, primary_key=True), Column("sv", BigInteger)
)
CASE = Table(
    "case",
    MetaData(schema="register"),
    Column("subject_id", BigInteger),
    Column("agency_id", Text),
    Column("case_ref", Uuid),
)
NOW = func.register.instant(type_=INSTANT)
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

IS_LIVE = ROWS.c.mode == ReferralMode.LIVE
WAITS = ROWS.c.state.in_(UNANSWERED)
IS_LATE = ROWS.c.overdue_since.is_not(None) & WAITS
TO_REMIND = text("SELECT agency FROM referrals.agencies_to_remind() AS agency ORDER BY agency")
TO_REVIEW = text("SELECT agency FROM referrals.agencies_to_review() AS agency ORDER BY agency")


class Direction(StrEnum):
    """Which referrals a list holds: those one sent, those one was sent, those of cases one coordinates."""

    SENT = "sent"
    RECEIVED = "received"
    COORDINATED = "followed"


@dataclass(frozen=True, slots=True)
class ReferralFilter:
    """Which referrals a list is to hold."""

    direction: Direction
    state: ReferralState | None = None
    overdue: bool | None = None


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where a list goes on: behind one row, in the order in which the sender sent them."""

    created_at: datetime
    referral_ref: UUID


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
) -> None:
    """Keep a new referral, and the consent it was sent under."""
    relied_on = {"subject_id": subject_id, "consent_sv": consent_sv, "consent_until": consent_until}
    await session.execute(insert(ROWS).values(**asdict(referral), **relied_on))


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
    """Return up to `rows` referrals of the agency behind a place, oldest first."""
    query = select(*COLUMNS).where(*_conditions(agency, filters))
    if behind is not None:
        place = tuple_(behind.created_at, behind.referral_ref)
        query = query.where(tuple_(ROWS.c.created_at, ROWS.c.referral_ref) > place)
    return await _fetch_all(session, query.order_by(ROWS.c.created_at, ROWS.c.referral_ref).limit(rows))


async def referrals_counted(session: AsyncSession, agency: str, filters: ReferralFilter, rows: int) -> list[DecidedBy]:
    """Return the fields that decide each of up to `rows` referrals of the agency: all that a count needs."""
    query = (
        select(ROWS.c.subject_id, ROWS.c.sending_agency, ROWS.c.purpose)
        .where(*_conditions(agency, filters))
        .limit(rows)
    )
    return [tuple(row) for row in await session.execute(query)]


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


def _conditions(agency: str, filters: ReferralFilter) -> list[Any]:
    conditions = [_direction_condition(filters.direction, agency)]
    if filters.state is not None:
        conditions.append(ROWS.c.state == filters.state)
    if filters.overdue is not None:
        conditions.append(IS_LATE if filters.overdue else ~IS_LATE)
    return conditions


def _direction_condition(direction: Direction, agency: str) -> Any:
    if direction is Direction.SENT:
        return ROWS.c.sending_agency == agency
    if direction is Direction.RECEIVED:
        return IS_LIVE & (ROWS.c.receiving_agency == agency)
    # The wall shows a coordination cell the rows of the cases it knows; anybody else finds none here.
    return (ROWS.c.sending_agency != agency) & (ROWS.c.receiving_agency != agency)


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
