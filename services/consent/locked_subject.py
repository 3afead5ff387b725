"""A subject whose lock is held exclusive before anything of it is read.

Nobody here holds a subject shared first: two who hold it shared and both want it exclusive wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, Withheld
from runtime.register import CaseOf, Subject
from services.consent import store
from services.consent.store import Place


@dataclass(frozen=True, slots=True)
class LockedSubject:
    """A subject whose lock this unit holds, for an agency that has something to say in it."""

    unit: UnitOfWork
    subject: Subject
    case_ref: UUID  # any that leads to this subject: under the lock they all do

    @property
    def own(self) -> CaseOf | None:
        """Return the agency's own case; the custodian of an incoming draft may not have one yet."""
        return self.subject.cases.get(self.unit.agency_id)

    @property
    def is_home(self) -> bool:
        """Tell whether the agency is the one that opened the case."""
        return self.unit.agency_id == self.subject.home_agency


async def own_case(unit: UnitOfWork, case_ref: UUID, *, exclusive: bool = True, patient: bool = False) -> LockedSubject:
    """Lock the subject of the agency's own case; to any other agency it is absent, and nothing is locked."""
    if not await store.is_own_case(unit.session, unit.agency_id, case_ref):
        await refuse_unknown(unit, case_ref)
    if patient:
        await store.wait_longer(unit.session)
    return await _hold(unit, case_ref, exclusive=exclusive)


async def directive(unit: UnitOfWork, ref: UUID, *, exclusive: bool = True) -> tuple[LockedSubject, Place]:
    """Lock the subject of a directive that the agency may read; to any other it is absent."""
    place = await store.readable(unit.session, unit.agency_id, ref)
    if place is None:
        return await refuse_unknown(unit, ref)
    locked = await _hold(unit, place.case_ref, exclusive=exclusive)
    # What was seen before the lock may be over by now.
    if await store.readable(unit.session, unit.agency_id, ref) is None:
        raise Absent
    return locked, place


async def lock_for_stop(session: AsyncSession, case_ref: UUID) -> Subject:
    """Lock the subject exclusive, waiting as long as a stop may; whether the survivor hides is the caller's to ask."""
    await store.wait_longer(session)
    subject = await register.lock_exclusive(session, case_ref)
    if subject is None:
        raise Absent
    return subject


async def _hold(unit: UnitOfWork, case_ref: UUID, *, exclusive: bool) -> LockedSubject:
    hold = register.lock_exclusive if exclusive else register.lock_shared
    subject = await hold(unit.session, case_ref)
    if subject is None:
        raise Absent
    if unit.hidden(subject.table):
        await refuse_hidden(unit, subject)
    return LockedSubject(unit, subject, case_ref)


async def refuse_unknown(unit: UnitOfWork, ref: UUID) -> NoReturn:
    """Answer that there is nothing; a reference that led nowhere is on record, like one that was withheld.

    So the two take alike long, too.
    """
    await disclosure.record_not_found(unit, ref)
    raise Withheld


async def refuse_hidden(unit: UnitOfWork, subject: Subject) -> NoReturn:
    """Answer a person from whom the survivor hides as if there were nothing; the attempt is on record."""
    own = subject.cases.get(unit.agency_id) or subject.cases[subject.home_agency]
    await disclosure.record_blocked(unit, subject, own)
    raise Withheld
