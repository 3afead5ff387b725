"""Who works at an agency; whether somebody who is shut out does is told to that agency, and to no other."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Directive
from runtime.database.unit_of_work import UnitOfWork

STAFF = text("SELECT person_ref FROM register.person WHERE person_ref = ANY(:refs) AND agency_id = :agency AND active")


async def working_at(session: AsyncSession, agency: str, refs: Iterable[str | None]) -> frozenset[str]:
    """Return which of these persons work at the agency now."""
    person_refs = [ref for ref in refs if ref is not None]
    return (
        frozenset(await session.scalars(STAFF, {"refs": person_refs, "agency": agency})) if person_refs else frozenset()
    )


async def excluded_person_known(unit: UnitOfWork, directive: Directive) -> bool | None:
    """Tell whether the person who was shut out works at the unit's own agency; None of anybody at another.

    Somebody misspelt is not blocked.  Of its own people an agency may know that; of another's it would learn who works
    there, and nothing is looked up.
    """
    person, agency = directive.excluded_person_ref, directive.excluded_agency
    if person is None or agency != unit.agency_id:
        return None
    return person in await working_at(unit.session, agency, [person])
