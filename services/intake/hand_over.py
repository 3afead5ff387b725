"""The open cases of somebody who leaves: counted, and handed to a colleague in one step."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import register
from runtime.auth.scopes import Scope, scopes_of
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import FieldError, Invalid
from runtime.register import Subject, people
from services.intake import case_status, desk_log
from services.intake.people import PersonStepNotPossible

OPEN_CASES = text("""
SELECT a.case_ref FROM intake.case_assignment AS a JOIN intake.case_status AS s USING (case_ref)
WHERE a.agency_id = :agency AND a.person_ref = :person_ref AND s.state = 'open' ORDER BY a.case_ref
""")
COUNTS = text("""
SELECT a.person_ref, count(*) AS cases FROM intake.case_assignment AS a JOIN intake.case_status AS s USING (case_ref)
WHERE a.agency_id = :agency AND a.person_ref = ANY(:refs) AND s.state = 'open' GROUP BY a.person_ref
""")


async def case_counts(session: AsyncSession, agency: str, refs: Collection[str]) -> dict[str, int]:
    """Return on how many open cases each of these people works; who works on none is left out."""
    rows = await session.execute(COUNTS, {"agency": agency, "refs": list(refs)})
    return {row.person_ref: row.cases for row in rows}


async def hand_over_cases(unit: UnitOfWork, person_ref: str, successor_ref: str | None) -> None:
    """Let the successor work on each open case of the person, in their place.

    Raises `PersonStepNotPossible` where cases are left and nobody is named.  A case whose survivor shuts the successor
    out is handed to nobody, and the answer does not tell: it is found among the cases that nobody works on.
    """
    if successor_ref is not None:
        await _check_successor(unit, person_ref, successor_ref)
    params = {"agency": unit.agency_id, "person_ref": person_ref}
    case_refs = list(await unit.session.scalars(OPEN_CASES, params))
    if case_refs and successor_ref is None:
        raise PersonStepNotPossible("cases_assigned")
    subjects = await register.lock_cases(unit.session, case_refs)
    for case_ref in case_refs:
        await _hand_over(unit, subjects[case_ref], case_ref, person_ref, successor_ref)


async def _hand_over(
    unit: UnitOfWork, subject: Subject, case_ref: UUID, person_ref: str, successor_ref: str | None
) -> None:
    status = await case_status.status_to_change(unit.session, unit.agency_id, case_ref, subject.at)
    workers = set(await case_status.assigned_to(unit.session, unit.agency_id, case_ref)) - {person_ref}
    if successor_ref is not None and not subject.table.hidden_from(unit.agency_id, successor_ref, unnamed=False):
        workers.add(successor_ref)
    await case_status.assign(unit.session, unit.agency_id, case_ref, sorted(workers))
    await case_status.keep(unit.session, unit.agency_id, status.next(subject.at))
    await desk_log.record_decision(unit, subject, "assigned", {"assigned_to": sorted(workers)})


async def _check_successor(unit: UnitOfWork, person_ref: str, successor_ref: str) -> None:
    """Refuse a successor who is no other active colleague, or who may not read a case."""
    successor = await people.person_of(unit.session, unit.agency_id, successor_ref)
    fits = successor is not None and successor.active and Scope.CASES_READ in scopes_of(successor.roles)
    if not fits or successor_ref == person_ref:
        raise Invalid([FieldError("body.successor_ref", "no_colleague")])
