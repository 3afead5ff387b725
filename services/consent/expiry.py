"""Permits of an agency's own records that end soon: what its staff ask survivors about in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS, Page
from runtime.register import Subject
from schemas.codes import Purpose

# The instant is read once, in a subquery: asked row by row it would forbid the index over ends.  The subject is read by
# one of its own: joined, the server may read all subjects instead.
ENDING = text("""
SELECT d.directive_ref, c.case_ref, d.recipient, d.purpose, d.valid_until
FROM register.directive AS d
JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = d.custodian
WHERE d.custodian = :agency AND d.effect = 'permit' AND d.state = 'active' AND d.ended_at IS NULL
    AND (d.survives_death OR
        (SELECT s.deceased_on IS NULL FROM register.subject AS s WHERE s.subject_id = d.subject_id))
    AND d.valid_until > (SELECT register.instant())
    AND d.valid_until <= (SELECT register.instant()) + make_interval(days => :days)
    AND (d.valid_until, d.directive_ref) > (:until, :ref)
ORDER BY d.valid_until, d.directive_ref LIMIT :rows
""")
STILL = text("""
SELECT directive_ref FROM register.directive
WHERE directive_ref = ANY(:refs) AND state = 'active' AND ended_at IS NULL AND valid_until > register.instant()
""")
NAME: Final = "releases ending"


@dataclass(frozen=True, slots=True)
class Ending:
    """A permit that ends soon, by the custodian's own references."""

    directive_ref: UUID
    case_ref: UUID
    recipient: str
    purpose: Purpose
    valid_until: datetime


Place = tuple[datetime, UUID]
THE_BEGINNING: Place = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


async def of_agency(
    session: AsyncSession, agency: str, days: int, behind: Place = THE_BEGINNING, rows: int = 50
) -> list[Ending]:
    """Return up to `rows` active permits of the agency's records that end within `days`, the first to end first."""
    until, ref = behind
    params = {"agency": agency, "days": days, "until": until, "ref": ref, "rows": rows}
    return [Ending(*row) for row in await session.execute(ENDING, params)]


async def page(unit: UnitOfWork, days: int, behind: Place, limit: int) -> Page[Ending]:
    """Return up to `limit` permits whose survivor does not hide from who asks, and where the next page begins."""
    return await list_reads.page(partial(_fetch, unit, days, behind), partial(_visible, unit), limit)


async def hold(unit: UnitOfWork, rows: Sequence[Ending]) -> dict[Ending, Subject]:
    """Return the rows that still end soon once their subjects are locked, and may be shown; each with its subject."""
    subjects = await register.lock_cases(unit.session, {row.case_ref for row in rows})
    refs = {"refs": [row.directive_ref for row in rows]}
    still = set(await unit.session.scalars(STILL, refs)) if rows else set()
    return {
        row: subjects[row.case_ref]
        for row in rows
        if row.directive_ref in still and not unit.hidden(subjects[row.case_ref].table)
    }


async def count(unit: UnitOfWork, days: int) -> tuple[int, bool]:
    """Return how many permits there are whose survivor does not hide from who asks, and whether all were looked at."""
    rows = await of_agency(unit.session, unit.agency_id, days, rows=MOST_ROWS)
    await list_reads.record_count(unit, NAME)
    return len(await _visible(unit, rows)), len(rows) < MOST_ROWS


async def _fetch(unit: UnitOfWork, days: int, begin: Place, last: Ending | None, rows: int) -> list[Ending]:
    behind = begin if last is None else (last.valid_until, last.directive_ref)
    return await of_agency(unit.session, unit.agency_id, days, behind, rows)


async def _visible(unit: UnitOfWork, rows: Sequence[Ending]) -> list[Ending]:
    now = await register.snapshots(unit.session, {row.case_ref for row in rows})
    return [row for row in rows if row.case_ref in now and not unit.hidden(now[row.case_ref].table)]
