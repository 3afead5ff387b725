"""Requests for fields: asked by a recipient, answered by the survivor's word, and ended by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from kernel.ledger.entry import Act
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.local_names import LocalNames
from runtime.register import Subject
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import TaskReason
from services.consent import change_log, field_request_store, locked_subject, store
from services.consent.change_log import ChangeEntry
from services.consent.domain import Provision
from services.consent.domain.field_requests import (
    ANSWERED_WITHIN,
    FieldRequest,
    FieldRequestState,
    check_request,
    check_room,
    end_request,
    is_answered_by,
)
from services.consent.locked_subject import LockedSubject
from services.consent.requests import FieldsRequest


async def ask(locked: LockedSubject, case_ref: UUID, form: FieldsRequest) -> FieldRequest:
    """Ask the custodian for more; whoever has no release of its own in force finds nothing."""
    unit, subject = locked.unit, locked.subject
    provisions, _ = await store.provisions(unit.session, subject.subject_id)
    if not _may_ask(subject, provisions, form.custodian_ref, unit.agency_id):
        await locked_subject.refuse_unknown(unit, case_ref)
    categories = frozenset(form.categories)
    check_request(unit.agency.kind, unit.agency.purposes, form.purpose, categories)
    standing = await field_request_store.of_subject(unit.session, unit.agency_id, subject.subject_id)
    check_room(sum(_is_own_and_open(request, unit.agency_id) for request in standing))
    request = FieldRequest(
        request_ref=uuid4(),
        asked_ref=uuid4(),
        custodian=form.custodian_ref,
        requester=unit.agency_id,
        requested_by=unit.actor,
        purpose=form.purpose,
        categories=categories,
        state=FieldRequestState.OPEN,
        version=1,
        requested_at=subject.at,
        due_at=subject.at + ANSWERED_WITHIN,
        reason=form.reason,
    )
    sealing = await _sealing(unit, subject, request.custodian)
    await field_request_store.add(unit.session, subject.subject_id, request, sealing)
    await _record(unit, subject, request, "fields_requested")
    own = subject.cases[request.custodian].case_ref
    task = NewTask(request.custodian, TaskReason.FIELD_REQUEST, request.request_ref, request.due_at, own)
    await open_task(unit.session, task)
    return request


async def requests_of(locked: LockedSubject) -> list[FieldRequest]:
    """Return the requests about a case of which the agency is a side, its custodian's with their reasons."""
    unit, subject = locked.unit, locked.subject
    requests = await field_request_store.of_subject(unit.session, unit.agency_id, subject.subject_id)
    if not any(request.custodian == unit.agency_id for request in requests):
        return requests
    sealing = await _sealing(unit, subject, unit.agency_id)
    opened = await field_request_store.of_subject(unit.session, unit.agency_id, subject.subject_id, sealing)
    reasons = {request.request_ref: request for request in opened if request.custodian == unit.agency_id}
    return [reasons.get(request.request_ref, request) for request in requests]


async def answer(
    locked: LockedSubject, request: FieldRequest, state: FieldRequestState, evidence: Mapping[str, str | None]
) -> FieldRequest:
    """Record that the survivor said no, or that the requester takes it back."""
    answered = end_request(request, state, locked.subject.at, evidence)
    await _keep(locked.unit, locked.subject, answered)
    return answered


async def grant(unit: UnitOfWork, subject: Subject, active: Provision) -> None:
    """Mark what a release that was just signed answers, whole or in part."""
    for request in await field_request_store.of_subject(unit.session, unit.agency_id, subject.subject_id):
        if is_answered_by(request, active):
            await _keep(unit, subject, end_request(request, FieldRequestState.GRANTED, subject.at, {}))


async def lapse(unit: UnitOfWork) -> int:
    """End what the agency's survivors did not answer in time, as silence is no; return how many."""
    ended = await field_request_store.lapse(unit.session, unit.agency_id)
    if ended:
        await close_tasks(unit.session, unit.agency_id, ended, TaskReason.FIELD_REQUEST)
    return len(ended)


def _may_ask(subject: Subject, provisions: Sequence[Provision], custodian: str, requester: str) -> bool:
    way = (custodian, requester)
    return subject.table.participating and any(
        provision.permits
        and provision.in_force(subject.at)
        and (provision.directive.custodian, provision.directive.recipient) == way
        for provision in provisions
    )


def _is_own_and_open(request: FieldRequest, agency_id: str) -> bool:
    return request.requester == agency_id and request.state is FieldRequestState.OPEN


async def _sealing(unit: UnitOfWork, subject: Subject, custodian: str) -> LocalNames:
    return LocalNames(await register.case_key(unit.session, unit.keys, subject, custodian))


async def _keep(unit: UnitOfWork, subject: Subject, request: FieldRequest) -> None:
    await field_request_store.keep(unit.session, request)
    await close_tasks(unit.session, request.custodian, [request.request_ref], TaskReason.FIELD_REQUEST)
    await _record(unit, subject, request, f"fields_{request.state}")


async def _record(unit: UnitOfWork, subject: Subject, request: FieldRequest, reason: str) -> None:
    categories = tuple(sorted(request.categories))
    entry = ChangeEntry(Act.CHANGED, request.custodian, (), categories, request.purpose, reason)
    await change_log.record(unit, subject, [entry])
