"""Permits of an agency's own records that end soon: what its staff ask survivors about in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import register
from runtime.unit import Unit
from schemas.codes import Purpose

# The instant is read once, in a subquery: asked row by row it would forbid the index over ends.
ENDING = text("""
SELECT d.directive_ref, c.case_ref, d.recipient, d.purpose, d.valid_until
FROM register.directive AS d
JOIN register."case" AS c ON c.subject_id = d.subject_id AND c.agency_id = d.custodian
JOIN register.subject AS s ON s.subject_id = d.subject_id
WHERE d.custodian = :agency AND d.effect = 'permit' AND d.state = 'active' AND d.ended_at IS NULL
    AND (s.deceased_on IS NULL OR d.survives_death)
    AND d.valid_until > (SELECT register.instant())
    AND d.valid_until <= (SELECT register.instant()) + make_interval(days => :days)
    AND (d.valid_until, d.directive_ref) > (:until, :ref)
ORDER BY d.valid_until, d.directive_ref LIMIT :rows
""")


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
    asked = {"agency": agency, "days": days, "until": until, "ref": ref, "rows": rows}
    return [Ending(*row) for row in await session.execute(ENDING, asked)]


async def visible(unit: Unit, days: int, behind: Place, rows: int) -> tuple[list[Ending], dict[UUID, register.Subject]]:
    """Return up to `rows` of them whose survivor does not hide from who asks, and their subjects, held."""
    found: list[Ending] = []
    subjects: dict[UUID, register.Subject] = {}
    while len(found) < rows:
        seen = await of_agency(unit.session, unit.agency_id, days, behind, rows)
        subjects |= await register.hold_all(unit.session, {one.case_ref for one in seen})
        # What was seen before the locks may be over by now; what has come since then waits for its own turn.
        now = await of_agency(unit.session, unit.agency_id, days, behind, rows)
        found += [one for one in now if one in seen and not unit.hidden(subjects[one.case_ref].table)]
        if len(seen) < rows:
            break
        behind = seen[-1].valid_until, seen[-1].directive_ref
    return found[:rows], subjects
