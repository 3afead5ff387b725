"""The agencies that a survivor may be asked about: who they are and what for, and nothing of where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from runtime.register.agencies import read_agency
from schemas.codes import Purpose

# Neither an address nor a front door: where a shelter is stands in a referral that was released, or nowhere.
ACTIVE: Final = text("""
SELECT agency_id, name, kind, flags, purposes FROM register.agency
WHERE active AND (CAST(:purpose AS text) IS NULL OR :purpose = ANY(purposes)) AND (name, agency_id) > (:name, :ref)
ORDER BY name, agency_id LIMIT :rows
""")
NAME: Final = "agencies"


@dataclass(frozen=True, slots=True)
class NamedAgency:
    """An active agency under the name that people know."""

    name: str
    agency: Agency


async def active_agencies(
    session: AsyncSession, purpose: Purpose | None, behind: tuple[str, str], rows: int
) -> list[NamedAgency]:
    """Return up to `rows` active agencies behind a name and reference, registered for the purpose if one is given."""
    name, ref = behind
    listed = await session.execute(ACTIVE, {"purpose": purpose, "name": name, "ref": ref, "rows": rows})
    return [NamedAgency(row.name, read_agency(row.agency_id, row.kind, row.flags, row.purposes)) for row in listed]
