"""Requests for fields over HTTP: asking, answering, taking back, and what stands about a case."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, CreatedResources, IfMatch, etag, replayed_by, require_match
from services.consent import change_log, field_request_store, locked_subject, store
from services.consent.api.permissions import MayOpen, MayRead, MayRecordSignatures, routes
from services.consent.change_log import ChangeEntry
from services.consent.commands import field_requests
from services.consent.domain.field_requests import FieldRequest, FieldRequestState
from services.consent.field_request_responses import FieldRequestResponse, FieldRequestsResponse
from services.consent.locked_subject import LockedSubject
from services.consent.requests import DeclineRequest, FieldsRequest


async def as_asked(
    case_ref: UUID, asked_ref: CreatedResources, unit: MayOpen, answer: Response
) -> FieldRequestResponse:
    """Show the request as it is now."""
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    for request in await field_requests.requests_of(locked):
        if request.asked_ref == asked_ref:
            return _response(request, unit, answer)
    raise Absent


@routes.post(
    "/cases/{case_ref}/field-requests",
    status_code=201,
    response_model=FieldRequestResponse,
    response_model_exclude_none=True,
)
@replayed_by(as_asked)
async def request_fields(case_ref: UUID, form: FieldsRequest, unit: MayOpen, answer: Response) -> FieldRequestResponse:
    """Ask the custodian to ask the survivor for more; whoever holds no release of its own in force finds nothing.

    The answer is `open`, later `granted`, or `not_authorised`, which is every no and silence after 72 hours alike.
    """
    locked = await locked_subject.own_case(unit, case_ref)
    request = await field_requests.ask(locked, case_ref, form)
    unit.created = request.asked_ref
    return _response(request, unit, answer)


@routes.get("/cases/{case_ref}/field-requests", response_model=FieldRequestsResponse, response_model_exclude_none=True)
async def list_field_requests(case_ref: UUID, unit: MayRead) -> FieldRequestsResponse:
    """List the requests about the agency's case of which it is a side, oldest first; the look is on record."""
    locked = await locked_subject.own_case(unit, case_ref, exclusive=False)
    requests = await field_requests.requests_of(locked)
    await change_log.record(unit, locked.subject, [ChangeEntry(Act.CONSULTED, unit.agency_id)])
    return FieldRequestsResponse(requests=[FieldRequestResponse.of(row, unit.agency_id) for row in requests])


async def as_answered(request_ref: UUID, unit: MayRead, answer: Response) -> FieldRequestResponse:
    """Show the request as it is now."""
    _, request = await _locked(unit, request_ref, exclusive=False)
    return _response(request, unit, answer)


@routes.post(
    "/field-requests/{request_ref}/decline", response_model=FieldRequestResponse, response_model_exclude_none=True
)
@replayed_by(as_answered)
async def decline_fields(
    request_ref: UUID, form: DeclineRequest, unit: MayRecordSignatures, answer: Response, if_match: IfMatch = None
) -> FieldRequestResponse:
    """Record that the survivor said no; the requester learns that it is not authorised, and no more."""
    locked, request = await _locked(unit, request_ref)
    if request.custodian != unit.agency_id:
        raise Absent
    require_match(if_match, request.version)
    evidence = store.how_ended(form.by, form.channel, unit.actor)
    declined = await field_requests.answer(locked, request, FieldRequestState.DECLINED, evidence)
    return _response(declined, unit, answer)


@routes.post(
    "/field-requests/{request_ref}/withdrawal", response_model=FieldRequestResponse, response_model_exclude_none=True
)
@replayed_by(as_answered)
async def withdraw_fields(
    request_ref: UUID, unit: MayOpen, answer: Response, if_match: IfMatch = None
) -> FieldRequestResponse:
    """Take a request back."""
    locked, request = await _locked(unit, request_ref)
    if request.requester != unit.agency_id:
        raise Absent
    require_match(if_match, request.version)
    withdrawn = await field_requests.answer(locked, request, FieldRequestState.WITHDRAWN, {"recorded_by": unit.actor})
    return _response(withdrawn, unit, answer)


async def _locked(unit: UnitOfWork, ref: UUID, *, exclusive: bool = True) -> tuple[LockedSubject, FieldRequest]:
    """Lock the subject of a request of which the agency is a side; to any other it is absent."""
    case_ref = await field_request_store.case_of(unit.session, unit.agency_id, ref)
    if case_ref is None:
        return await locked_subject.refuse_unknown(unit, ref)
    locked = await locked_subject.own_case(unit, case_ref, exclusive=exclusive)
    request = await field_request_store.named(unit.session, unit.agency_id, ref)
    if request is None:
        raise Absent
    return locked, request


def _response(request: FieldRequest, unit: UnitOfWork, answer: Response) -> FieldRequestResponse:
    shown = FieldRequestResponse.of(request, unit.agency_id)
    answer.headers["ETag"] = etag(shown.version)
    return shown
