"""What the agency decides about its own case: who works on it, whether anybody does, and its name there."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import FieldError, IfMatch, Invalid, Refused, etag, never_replayed, replayed_by, require_match, router
from runtime.register import Subject
from services.intake import case_status, desk_log, domain, nicknames, staff
from services.intake.api.lookup import REFUSALS, MayReadCases, MayWriteCases, own_subject, readable_subject
from services.intake.colleague_openings import open_for_colleague, reason_needed
from services.intake.domain import CaseState, CaseStatus
from services.intake.requests import AssignmentRequest, ClosingRequest, ColleagueOpeningRequest, NicknameRequest
from services.intake.responses import CaseStatusResponse, ColleagueOpeningResponse, OpeningStepResponse

routes = router("/v1/cases", refusals=REFUSALS)


async def as_it_stands(case_ref: UUID, unit: MayWriteCases, answer: Response) -> CaseStatusResponse:
    """Show where the case stands now."""
    subject = await readable_subject(unit, case_ref)
    return await _standing(unit, case_ref, subject, answer)


@routes.put("/{case_ref}/assignment", response_model=CaseStatusResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def assign_case(
    case_ref: UUID, form: AssignmentRequest, unit: MayWriteCases, answer: Response, if_match: IfMatch = None
) -> CaseStatusResponse:
    """Say who works on the case, in place of whoever did: active colleagues, or nobody.

    Whoever hands their own case over may still open it for twelve hours, without a reason.
    """
    subject, status = await _lock_status(unit, case_ref, if_match)
    await _check_colleagues(unit, subject, form.person_refs)
    if unit.person_ref in await case_status.assigned_to(unit.session, unit.agency_id, case_ref):
        await open_for_colleague(unit, case_ref, unit.person_ref, subject.at)
    await case_status.assign(unit.session, unit.agency_id, case_ref, form.person_refs)
    await case_status.keep(unit.session, unit.agency_id, status.next(subject.at))
    await desk_log.record_decision(unit, subject, "assigned", {"assigned_to": list(form.person_refs)})
    return await _standing(unit, case_ref, subject, answer)


@routes.get("/{case_ref}/opening")
async def read_opening_step(case_ref: UUID, unit: MayReadCases) -> OpeningStepResponse:
    """Tell whether the case opens to this person only once they have said why; of the case it tells nothing."""
    subject = await own_subject(unit, case_ref)
    return OpeningStepResponse(case_ref=case_ref, reason_needed=await reason_needed(unit, case_ref, subject.at))


@routes.post("/{case_ref}/opening", response_model=ColleagueOpeningResponse)
@never_replayed
async def open_colleagues_case(
    case_ref: UUID, form: ColleagueOpeningRequest, unit: MayReadCases
) -> ColleagueOpeningResponse:
    """Open a case on which only colleagues work, for twelve hours: the reason is on record."""
    subject = await own_subject(unit, case_ref)
    if unit.person_ref is None:
        raise Refused("no_person")
    until = await open_for_colleague(unit, case_ref, unit.person_ref, subject.at)
    await desk_log.record_decision(unit, subject, "colleagues_case", {"opening_reason": form.reason_code})
    return ColleagueOpeningResponse(case_ref=case_ref, open_until=until)


@routes.post("/{case_ref}/closing", response_model=CaseStatusResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def close_case(
    case_ref: UUID, form: ClosingRequest, unit: MayWriteCases, answer: Response, if_match: IfMatch = None
) -> CaseStatusResponse:
    """Close the case for the agency's own desk; it stays readable, and nothing else of it changes."""
    subject, status = await _lock_status(unit, case_ref, if_match)
    await _keep_if_changed(unit, subject, status, domain.close_case(status, form.reason_code, subject.at))
    return await _standing(unit, case_ref, subject, answer)


@routes.post("/{case_ref}/reopening", response_model=CaseStatusResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def reopen_case(
    case_ref: UUID, unit: MayWriteCases, answer: Response, if_match: IfMatch = None
) -> CaseStatusResponse:
    """Open the case again; it is as it was when it was closed."""
    subject, status = await _lock_status(unit, case_ref, if_match)
    await _keep_if_changed(unit, subject, status, domain.reopen_case(status, subject.at))
    return await _standing(unit, case_ref, subject, answer)


@routes.put("/{case_ref}/nickname", response_model=CaseStatusResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def name_case(
    case_ref: UUID, form: NicknameRequest, unit: MayWriteCases, answer: Response, if_match: IfMatch = None
) -> CaseStatusResponse:
    """Say what the agency's own people call the case; an empty name is none."""
    subject, status = await _lock_status(unit, case_ref, if_match)
    await nicknames.name_case(unit, case_ref, form.nickname)
    await case_status.keep(unit.session, unit.agency_id, status.next(subject.at))
    await desk_log.record_decision(unit, subject, "nickname", {})
    return await _standing(unit, case_ref, subject, answer)


async def _keep_if_changed(unit: UnitOfWork, subject: Subject, before: CaseStatus, after: CaseStatus) -> None:
    if after == before:
        return
    await case_status.keep(unit.session, unit.agency_id, after)
    reason = "case_closed" if after.state is CaseState.CLOSED else "case_reopened"
    await desk_log.record_decision(
        unit, subject, reason, {} if after.reason is None else {"closing_reason": after.reason}
    )


async def _lock_status(unit: UnitOfWork, case_ref: UUID, if_match: str | None) -> tuple[Subject, CaseStatus]:
    """Lock the agency's own case and return it with where it stands, which must be the version that the caller saw."""
    subject = await own_subject(unit, case_ref)
    status = await case_status.status_to_change(unit.session, unit.agency_id, case_ref, subject.at)
    require_match(if_match, status.version)
    return subject, status


async def _standing(unit: UnitOfWork, case_ref: UUID, subject: Subject, answer: Response) -> CaseStatusResponse:
    status = await case_status.status_of(unit.session, unit.agency_id, case_ref, subject.at)
    people = await case_status.assigned_to(unit.session, unit.agency_id, case_ref)
    answer.headers["ETag"] = etag(status.version)
    names = await nicknames.nicknames_of(unit, [case_ref])
    return CaseStatusResponse.of(status, people, names.get(case_ref))


async def _check_colleagues(unit: UnitOfWork, subject: Subject, refs: tuple[str, ...]) -> None:
    """Refuse who is no active colleague; whom the survivor shuts out is refused alike."""
    colleagues = await staff.working_at(unit.session, unit.agency_id, refs)
    hidden = {ref for ref in refs if subject.table.hidden_from(unit.agency_id, ref, unnamed=False)}
    errors = [
        FieldError(f"body.person_refs.{place}", "no_colleague")
        for place, ref in enumerate(refs)
        if ref not in colleagues - hidden or ref in refs[:place]
    ]
    if errors:
        raise Invalid(errors)
