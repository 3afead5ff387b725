"""Who may come to a case, and the way to it: each refusal and each look is on record."""

from __future__ import annotations

from typing import Annotated, Final, NoReturn
from uuid import UUID

from fastapi import Depends

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Refusals, Refused, Withheld, require_scope
from runtime.register import Subject
from schemas.categories import DataCategory
from services.intake import domain

MayWriteCases = Annotated[UnitOfWork, Depends(require_scope("cases:write"))]
MayReadCases = Annotated[UnitOfWork, Depends(require_scope("cases:read"))]
STATES: Final = (DataCategory.INCIDENT_SUMMARY, DataCategory.PLAN_SUMMARY)
REFUSALS: Refusals = {domain.CaseStepNotPossible: lambda error: Refused(error.code)}


async def readable_subject(unit: UnitOfWork, case_ref: UUID) -> Subject:
    """Lock the subject of the agency's own case for a read of its states, which is on record."""
    subject = await register.lock_own_case(unit.session, unit.agency_id, case_ref)
    if subject is None:
        return await _absent(unit, case_ref)
    if not await disclosure.read_mask(unit, case_ref, STATES):
        raise Withheld
    return subject


async def own_subject(unit: UnitOfWork, case_ref: UUID) -> Subject:
    """Lock the subject of the agency's own case; a person from whom the survivor hides finds nothing."""
    subject = await register.lock_own_case(unit.session, unit.agency_id, case_ref)
    if subject is None:
        return await _absent(unit, case_ref)
    if unit.hidden(subject.table):
        await disclosure.record_blocked(unit, subject, subject.cases[unit.agency_id])
        raise Withheld
    return subject


async def _absent(unit: UnitOfWork, ref: UUID) -> NoReturn:
    """Answer that there is nothing; a reference that led nowhere is on record, like one that was withheld.

    So the two take alike long, too.
    """
    await disclosure.record_not_found(unit, ref)
    raise Withheld
