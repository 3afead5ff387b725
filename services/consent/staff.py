"""Whether somebody whom a survivor shut out is on the staff: told to the agency whose staff it is, and to no other."""

from __future__ import annotations

from kernel.consent import Directive
from runtime.database.unit_of_work import UnitOfWork
from services.consent import store


async def known(unit: UnitOfWork, said: Directive) -> bool | None:
    """Tell whether the one who was shut out works at the unit's own agency; None of anybody at another.

    Somebody misspelt is not blocked.  Of its own people an agency may know that; of another's it would learn who works
    there, and nothing is looked up.
    """
    person, agency = said.excluded_person_ref, said.excluded_agency
    if person is None or agency != unit.agency_id:
        return None
    return person in await store.staff(unit.session, agency, [person])
