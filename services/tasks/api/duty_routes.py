"""Who is on call at the agency: to them a task goes that nobody took in time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from runtime.auth.scopes import Scope, scopes_of
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import FieldError, IfMatch, Invalid, etag, replayed_by, require_match, require_scope, router
from services.tasks import domain, store
from services.tasks.api.lookup import queues_for
from services.tasks.domain import Shift
from services.tasks.requests import DutyRosterRequest
from services.tasks.responses import DutyRosterResponse

MayReadDuty = Annotated[UnitOfWork, Depends(require_scope("duty:read"))]
MayWriteDuty = Annotated[UnitOfWork, Depends(require_scope("duty:write"))]

routes = router("/v1/duty-roster", tags=["duty"])


@routes.get("", response_model=DutyRosterResponse)
async def read_duty_roster(unit: MayReadDuty, response: Response) -> DutyRosterResponse:
    """Show who of the agency is on call, by the beginning of the shifts; it is nobody's case, and leaves no leaf."""
    return await _as_it_stands(unit, response)


async def as_it_stands(unit: MayWriteDuty, response: Response) -> DutyRosterResponse:
    """Show the roster as it is now."""
    return await _as_it_stands(unit, response)


@routes.put("", response_model=DutyRosterResponse)
@replayed_by(as_it_stands)
async def write_duty_roster(
    form: DutyRosterRequest, unit: MayWriteDuty, response: Response, if_match: IfMatch = None
) -> DutyRosterResponse:
    """Say who is on call, in place of all shifts that were: of one queue one person at a time, for 7 days at most."""
    version = await store.roster_version(unit.session, unit.agency_id, to_change=True)
    require_match(if_match, version)
    shifts = [Shift(row.queue, row.person_ref, row.starts_at, row.ends_at) for row in form.shifts]
    await _check(unit, shifts)
    await store.keep_roster(unit.session, unit.agency_id, shifts)
    return await _as_it_stands(unit, response)


async def _check(unit: UnitOfWork, shifts: list[Shift]) -> None:
    """Refuse a shift of nobody who works here and does the tasks of its queue, and one that lies over another."""
    roles = await store.roles_of(unit.session, unit.agency_id, {shift.person_ref for shift in shifts})
    scopes = {person_ref: scopes_of(names) for person_ref, names in roles.items()}
    errors = [
        FieldError(f"body.shifts.{place}.person_ref", "no_colleague")
        for place, shift in enumerate(shifts)
        if Scope.TASKS_WRITE not in scopes.get(shift.person_ref, ())
        or shift.queue not in queues_for(scopes[shift.person_ref])
    ]
    bad = domain.first_bad_shift(shifts)
    if bad is not None:
        errors.append(FieldError(f"body.shifts.{bad[0]}", bad[1]))
    if errors:
        raise Invalid(errors)


async def _as_it_stands(unit: UnitOfWork, response: Response) -> DutyRosterResponse:
    version = await store.roster_version(unit.session, unit.agency_id)
    response.headers["ETag"] = etag(version)
    return DutyRosterResponse.of(version, await store.shifts_of(unit.session, unit.agency_id))
