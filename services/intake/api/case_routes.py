"""Opening a case, and writing down what the survivor tells."""

from __future__ import annotations

from uuid import UUID, uuid4

from fastapi import Response

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import (
    Absent,
    CreatedResources,
    IfMatch,
    etag,
    replayed_by,
    require_match,
    router,
)
from runtime.register import Subject
from schemas.codes import AgencyKind, Participation, ReviewTrigger
from schemas.facts.incident import IncidentBlock
from services.intake import (
    case_status,
    colleague_openings,
    contact_checks,
    domain,
    nicknames,
    plan_reviews,
    plan_store,
    store,
)
from services.intake.api.lookup import REFUSALS, MayReadCases, MayWriteCases, own_subject, readable_subject
from services.intake.requests import CaseRequest, IncidentRequest, IncidentVersionRequest
from services.intake.responses import CaseResponse, IncidentResponse, OpenedResponse, PlanResponse

# A narrative of 20,000 letters, each of up to twelve bytes.
routes = router("/v1/cases", most_bytes=256 * 1024, refusals=REFUSALS)


async def as_opened(case_ref: CreatedResources, unit: MayWriteCases, answer: Response) -> OpenedResponse:
    """Show the case that was opened, as it is now."""
    subject = await readable_subject(unit, case_ref)
    opened = await store.file_of(unit.session, unit.agency_id, case_ref)
    if opened is None:
        raise Absent
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    channel, at = opened
    participation = Participation(subject.participation)
    return OpenedResponse.model_validate(
        {"case_ref": case_ref, "opened_at": at, "channel": channel, "participation": participation}
    )


@routes.post("", status_code=201, response_model=OpenedResponse, response_model_exclude_none=True)
@replayed_by(as_opened)
async def open_case(unit: MayWriteCases, answer: Response, form: CaseRequest | None = None) -> OpenedResponse:
    """Open a case: no name, no field about anybody, no release is asked for."""
    request = form or CaseRequest()
    case_ref = await register.open_case(unit.session, unit.keys, unit.agency_id)
    at = await register.database_now(unit.session)
    await store.open_file(unit.session, unit.agency_id, case_ref, request.channel, unit.actor, at)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, at)
    if unit.person_ref is not None:
        await case_status.assign(unit.session, unit.agency_id, case_ref, [unit.person_ref])
    unit.created = case_ref
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    return OpenedResponse(case_ref=case_ref, opened_at=at, channel=request.channel)


@routes.get("/{case_ref}", response_model=CaseResponse, response_model_exclude_none=True)
async def read_case(case_ref: UUID, unit: MayReadCases, answer: Response) -> CaseResponse:
    """Show how the agency's own case stands. What was told is read by an opening.

    A case on which only colleagues work is refused (409 `colleagues_case`) before `POST /v1/cases/{case_ref}/opening`.
    """
    subject = await readable_subject(unit, case_ref)
    await colleague_openings.require_open(unit, case_ref, subject.at)
    home = subject.home_agency == unit.agency_id
    opened = await store.file_of(unit.session, unit.agency_id, case_ref)
    incidents = await store.incidents_of(unit.session, unit.agency_id, case_ref)
    plan = await plan_store.plan_of(unit.session, unit.agency_id, case_ref)
    status = await case_status.status_of(unit.session, unit.agency_id, case_ref, subject.at)
    if plan is not None:
        answer.headers["ETag"] = etag(plan.version)
    channel, opened_at = opened or (None, None)
    return CaseResponse(
        case_ref=case_ref,
        state=status.state,
        reason_code=status.reason,
        version=status.version,
        assigned_to=await case_status.assigned_to(unit.session, unit.agency_id, case_ref),
        nickname=(await nicknames.nicknames_of(unit, [case_ref])).get(case_ref),
        participation=Participation(subject.participation) if home else None,
        opened_at=opened_at,
        channel=channel,
        incidents=[IncidentResponse.of(incident) for incident in incidents],
        plan=None if plan is None else PlanResponse.of(plan),
    )


async def as_reported(
    case_ref: UUID, incident_ref: CreatedResources, unit: MayWriteCases, answer: Response
) -> IncidentResponse:
    """Show the incident that was written down, as it is now."""
    await readable_subject(unit, case_ref)
    incidents = await store.incidents_of(unit.session, unit.agency_id, case_ref)
    written = next((incident for incident in incidents if incident.incident_ref == incident_ref), None)
    if written is None:
        raise Absent
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    return IncidentResponse.of(written)


@routes.post("/{case_ref}/incidents", status_code=201, response_model=IncidentResponse)
@replayed_by(as_reported)
async def report_incident(
    case_ref: UUID, form: IncidentRequest, unit: MayWriteCases, answer: Response
) -> IncidentResponse:
    """Write an incident down; agencies that the survivor named may open their part of it."""
    subject = await own_subject(unit, case_ref)
    latest = await store.latest_report(unit.session, unit.agency_id, case_ref)
    _check_police_report(unit, subject, form)
    incident, fact = domain.report(uuid4(), case_ref, form, latest, subject.at)
    await store.add_incident(unit.session, unit.agency_id, incident)
    unit.created = incident.incident_ref
    await disclosure.offer(unit, fact, subject)
    await plan_reviews.force(unit, case_ref, ReviewTrigger.NEW_INCIDENT, subject.at, unit.person_ref)
    await contact_checks.plan_next(unit, incident, form, subject.at)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    return IncidentResponse.of(incident)


@routes.post("/{case_ref}/incidents/{incident_ref}/versions", status_code=201, response_model=IncidentResponse)
@replayed_by(as_reported)
async def correct_incident(
    case_ref: UUID,
    incident_ref: UUID,
    form: IncidentVersionRequest,
    unit: MayWriteCases,
    answer: Response,
    if_match: IfMatch = None,
) -> IncidentResponse:
    """Write down the next version of an incident, whole, with If-Match only on top of the version that was read.

    Earlier versions stay the custodian's.
    """
    subject = await own_subject(unit, case_ref)
    incident = await store.incident_to_change(unit.session, unit.agency_id, case_ref, incident_ref)
    if incident is None:
        raise Absent
    if if_match is not None:
        require_match(if_match, incident.version)
    _check_police_report(unit, subject, form)
    newer, fact = domain.correct(incident, form, form.changed, subject.at)
    await store.keep_incident(unit.session, unit.agency_id, newer)
    unit.created = incident_ref
    await disclosure.offer(unit, fact, subject)
    await contact_checks.plan_next(unit, newer, form, subject.at)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    return IncidentResponse.of(newer)


def _check_police_report(unit: UnitOfWork, subject: Subject, block: IncidentBlock) -> None:
    police = [name for name, case in subject.cases.items() if case.agency.kind is AgencyKind.POLICE]
    released = any(subject.purposes(unit.agency_id, name) for name in police)
    own = unit.agency.kind is AgencyKind.POLICE
    domain.check_police_report(block, own_police=own, released_to_police=released)
