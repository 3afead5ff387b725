"""Where the agency's cases stand at its own desk, as rows of a list. No row says what was told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    lateral,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database import hot_path
from runtime.disclosure.list_reads import DecidedBy
from schemas.codes import ClosingReason, PlanStatus
from services.intake.domain import CaseState, CaseStatus

METADATA = MetaData(schema="intake")
STATUS: Final = Table(
    "case_status",
    METADATA,
    Column("case_ref", Uuid, primary_key=True),
    Column("agency_id", Text),
    Column("subject_id", BigInteger),
    Column("state", Text),
    Column("reason_code", Text),
    Column("assigned", Boolean),
    Column("version", Integer),
    Column("changed_at", DateTime(timezone=True)),
    Column("nickname_index", LargeBinary),
)
ASSIGNMENT: Final = Table(
    "case_assignment",
    METADATA,
    Column("case_ref", Uuid, primary_key=True),
    Column("agency_id", Text),
    Column("person_ref", Text, primary_key=True),
)
# A case that a directive joined to the agency has no row before the agency does something of its own in it.
NOTE_CHANGE = """
INSERT INTO intake.case_status AS s (case_ref, agency_id, subject_id, changed_at)
SELECT c.case_ref, c.agency_id, c.subject_id, %s FROM register."case" AS c WHERE c.case_ref = %s AND c.agency_id = %s
ON CONFLICT (case_ref) DO UPDATE SET changed_at = greatest(s.changed_at, EXCLUDED.changed_at)
"""
READ_STATUS = text("""
SELECT case_ref, state, reason_code, version, changed_at FROM intake.case_status
WHERE case_ref = :case_ref AND agency_id = :agency
""")
HOLD_STATUS = text(READ_STATUS.text + " FOR UPDATE")
KEEP_STATUS = text("""
UPDATE intake.case_status SET state = :state, reason_code = :reason, version = :version,
    changed_at = greatest(changed_at, :changed_at)
WHERE case_ref = :case_ref AND agency_id = :agency
""")
WORKING_ON = text("""
SELECT person_ref FROM intake.case_assignment WHERE case_ref = :case_ref AND agency_id = :agency ORDER BY person_ref
""")
UNASSIGN = text("DELETE FROM intake.case_assignment WHERE case_ref = :case_ref AND agency_id = :agency")
ASSIGN = text("""
INSERT INTO intake.case_assignment (case_ref, agency_id, person_ref)
SELECT :case_ref, :agency, person_ref FROM unnest(CAST(:people AS text[])) AS p (person_ref)
""")
MARK = text("""
UPDATE intake.case_status SET assigned = cardinality(CAST(:people AS text[])) > 0
WHERE case_ref = :case_ref AND agency_id = :agency
""")
# Looked up one by one: joined, the server may read all of them instead.
DETAILS = text("""
SELECT c.case_ref, (SELECT f.opened_at FROM intake.case_file AS f WHERE f.case_ref = c.case_ref) AS opened_at,
    (SELECT count(*) FROM intake.incident AS i WHERE i.case_ref = c.case_ref AND i.agency_id = :agency) AS incidents,
    (SELECT p.status FROM intake.plan AS p WHERE p.case_ref = c.case_ref AND p.agency_id = :agency
        ORDER BY p.status, p.changed_at DESC LIMIT 1) AS plan_status,
    ARRAY(SELECT a.person_ref FROM intake.case_assignment AS a WHERE a.case_ref = c.case_ref ORDER BY 1) AS assigned_to
FROM unnest(CAST(:refs AS uuid[])) AS c (case_ref)
""")


class AssignedTo(StrEnum):
    """Whose cases a list holds: those of whoever asks, those nobody works on, or those somebody works on."""

    ME = "me"
    NOBODY = "nobody"
    ANYBODY = "anybody"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases a list is to hold; `person_ref` is who asks."""

    assigned: AssignedTo | None = None
    state: CaseState | None = None
    changed_since: datetime | None = None
    person_ref: str | None = None
    nickname_index: bytes | None = field(default=None, repr=False)
    code: str | None = None


@dataclass(frozen=True, slots=True)
class CasePagePosition:
    """Where a list goes on: behind one row, newest change first."""

    changed_at: datetime
    case_ref: UUID


@dataclass(frozen=True, slots=True)
class CaseDetails:
    """What a row of the list says of a case besides where it stands."""

    opened_at: datetime | None
    incidents: int
    plan_status: PlanStatus | None
    assigned_to: tuple[str, ...]


async def note_change(session: AsyncSession, agency: str, case_ref: UUID, at: datetime) -> None:
    """Note that the agency did something in its own case; it is in the agency's list from now on."""
    await hot_path.execute(session, NOTE_CHANGE, at, case_ref, agency)


async def status_of(session: AsyncSession, agency: str, case_ref: UUID, at: datetime) -> CaseStatus:
    """Return where the agency's own case stands at `at`; one in which it did nothing yet is open, at version 1."""
    row = (await session.execute(READ_STATUS, {"agency": agency, "case_ref": case_ref})).one_or_none()
    return CaseStatus(case_ref, CaseState.OPEN, 1, at) if row is None else _status(row)


async def status_to_change(session: AsyncSession, agency: str, case_ref: UUID, at: datetime) -> CaseStatus:
    """Return where the agency's own case stands, held until the end; it is in the agency's list from now on."""
    await note_change(session, agency, case_ref, at)
    return _status((await session.execute(HOLD_STATUS, {"agency": agency, "case_ref": case_ref})).one())


async def keep(session: AsyncSession, agency: str, status: CaseStatus) -> None:
    """Keep where the case stands from now on."""
    await session.execute(KEEP_STATUS, {"agency": agency} | asdict(status))


async def assigned_to(session: AsyncSession, agency: str, case_ref: UUID) -> list[str]:
    """Return who of the agency works on its case."""
    return list(await session.scalars(WORKING_ON, {"agency": agency, "case_ref": case_ref}))


async def assign(session: AsyncSession, agency: str, case_ref: UUID, people: Collection[str]) -> None:
    """Let these people work on the case, in place of whoever did; the case is in the list already."""
    row = {"agency": agency, "case_ref": case_ref}
    await session.execute(UNASSIGN, row)
    await session.execute(ASSIGN, row | {"people": list(people)})
    await session.execute(MARK, row | {"people": list(people)})


async def cases_of(
    session: AsyncSession, agency: str, filters: CaseFilter, behind: CasePagePosition | None, rows: int
) -> list[CaseStatus]:
    """Return up to `rows` cases of the agency behind a place, newest change first."""
    source, status = _source(agency, filters)
    columns = [status.c[name] for name in ("case_ref", "state", "reason_code", "version", "changed_at")]
    query = select(*columns).select_from(source).where(*_conditions(agency, filters, status))
    if behind is not None:
        place = tuple_(behind.changed_at, behind.case_ref)
        query = query.where(tuple_(status.c.changed_at, status.c.case_ref) < place)
    ordered = query.order_by(status.c.changed_at.desc(), status.c.case_ref.desc()).limit(rows)
    return [_status(row) for row in await session.execute(ordered)]


async def cases_counted(session: AsyncSession, agency: str, filters: CaseFilter, rows: int) -> list[DecidedBy]:
    """Return the fields that decide each of up to `rows` cases of the agency: all that a count needs."""
    source, status = _source(agency, filters)
    query = select(status.c.subject_id).select_from(source).where(*_conditions(agency, filters, status))
    # In the order of the list, so that its index is read as far as the limit and no further.
    ordered = query.order_by(status.c.changed_at.desc(), status.c.case_ref.desc()).limit(rows)
    return [(row.subject_id, agency, None) for row in await session.execute(ordered)]


async def details_of(session: AsyncSession, agency: str, refs: Collection[UUID]) -> dict[UUID, CaseDetails]:
    """Return what the list says of each case besides where it stands."""
    result = await session.execute(DETAILS, {"agency": agency, "refs": list(refs)})
    return {row.case_ref: _details(row) for row in result}


def _source(agency: str, filters: CaseFilter) -> tuple[FromClause, Any]:
    """Return whence the rows come, and what has the columns: of one person's cases, each is looked up by itself."""
    if filters.assigned is not AssignedTo.ME:
        return STATUS, STATUS
    same = (STATUS.c.case_ref == ASSIGNMENT.c.case_ref, STATUS.c.agency_id == agency)
    status = lateral(select(STATUS).where(*same).limit(1), name="s")
    return ASSIGNMENT.join(status, true()), status


def _conditions(agency: str, filters: CaseFilter, status: Any) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [status.c.agency_id == agency]
    if filters.assigned is AssignedTo.ME:
        conditions += [ASSIGNMENT.c.agency_id == agency, ASSIGNMENT.c.person_ref == filters.person_ref]
    elif filters.assigned is not None:
        conditions.append(status.c.assigned if filters.assigned is AssignedTo.ANYBODY else ~status.c.assigned)
    if filters.state is not None:
        conditions.append(status.c.state == filters.state)
    if filters.nickname_index is not None:
        conditions.append(status.c.nickname_index == filters.nickname_index)
    if filters.code is not None:
        conditions.append(status.c.case_ref.between(*_refs_of(filters.code)))
    if filters.changed_since is not None:
        conditions.append(status.c.changed_at >= filters.changed_since)
    return conditions


def _refs_of(code: str) -> tuple[UUID, UUID]:
    """Return the first and the last reference whose code this is."""
    digits = code.replace("-", "")
    return UUID(digits + 24 * "0"), UUID(digits + 24 * "f")


def _status(row: Any) -> CaseStatus:
    reason = None if row.reason_code is None else ClosingReason(row.reason_code)
    return CaseStatus(row.case_ref, CaseState(row.state), row.version, row.changed_at, reason)


def _details(row: Any) -> CaseDetails:
    plan_status = None if row.plan_status is None else PlanStatus(row.plan_status)
    return CaseDetails(row.opened_at, row.incidents, plan_status, tuple(row.assigned_to))
