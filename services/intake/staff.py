"""The agency's own people, by their true names; nobody learns who works at another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

WORKING = text(
    "SELECT person_ref FROM register.person WHERE person_ref = ANY(:refs) AND agency_id = :agency AND active"
)
COLLEAGUES = text("""
SELECT person_ref, name, roles FROM register.person
WHERE agency_id = :agency AND active AND (name, person_ref) > (:name, :ref) ORDER BY name, person_ref LIMIT :rows
""")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at the agency now."""

    person_ref: str
    name: str
    roles: tuple[str, ...]


async def working_at(session: AsyncSession, agency: str, refs: Collection[str]) -> frozenset[str]:
    """Return which of these persons work at the agency now."""
    return frozenset(await session.scalars(WORKING, {"refs": list(refs), "agency": agency})) if refs else frozenset()


async def colleagues_of(session: AsyncSession, agency: str, behind: tuple[str, str], rows: int) -> list[Colleague]:
    """Return up to `rows` people who work at the agency now, by name, behind a name and reference."""
    place = {"name": behind[0], "ref": behind[1]}
    result = await session.execute(COLLEAGUES, {"agency": agency, "rows": rows} | place)
    return [Colleague(row.person_ref, row.name, tuple(row.roles)) for row in result]
