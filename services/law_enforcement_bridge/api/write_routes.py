"""Recording what a court decided of an order, and what became of it."""

from __future__ import annotations

from uuid import UUID, uuid4

from fastapi import Response

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import CreatedResources, IfMatch, etag, replayed_by, require_match, router
from schemas.facts.protective_order import OrderFact
from services.law_enforcement_bridge import domain, endings, order_numbers, store
from services.law_enforcement_bridge.api.lookup import MayRecord, MayServe, case_for, order_for
from services.law_enforcement_bridge.api.refusals import REFUSALS
from services.law_enforcement_bridge.domain import Order
from services.law_enforcement_bridge.entry_checklist import missing_to_enter
from services.law_enforcement_bridge.requests import (
    EndRequest,
    HearingRequest,
    IssuanceRequest,
    ModificationRequest,
    OrderRequest,
    ServiceRequest,
    ViolationRequest,
)
from services.law_enforcement_bridge.responses import OrderResponse, RecordedResponse, answer_for, recorded_answer_for

routes = router("/v1/orders", tags=["orders"], most_bytes=128 * 1024, refusals=REFUSALS)


async def as_it_stands(order_ref: UUID, unit: MayRecord, response: Response) -> OrderResponse:
    """Show the order that was changed, as it is now."""
    order = await order_for(unit, order_ref)
    response.headers["ETag"] = etag(order.version)
    return answer_for(order)


async def as_recorded(order_ref: CreatedResources, unit: MayRecord, response: Response) -> RecordedResponse:
    """Show the order that was recorded, as it is now, and what is missing to enter it."""
    order = await order_for(unit, order_ref)
    response.headers["Location"] = f"/v1/orders/{order_ref}"
    response.headers["ETag"] = etag(order.version)
    return recorded_answer_for(order, missing_to_enter(order))


async def as_issued(order_ref: UUID, unit: MayRecord, response: Response) -> RecordedResponse:
    """Show the order that was issued, as it is now, and what is missing to enter it."""
    order = await order_for(unit, order_ref)
    response.headers["ETag"] = etag(order.version)
    return recorded_answer_for(order, missing_to_enter(order))


@routes.post("", status_code=201, response_model=RecordedResponse, response_model_exclude_none=True)
@replayed_by(as_recorded)
async def record_order(form: OrderRequest, unit: MayRecord, response: Response) -> RecordedResponse:
    """Record an order that was asked for or issued; without a case it is given one of its own."""
    case_ref = await case_for(unit, form.case_ref)
    now = await register.database_now(unit.session)
    order, fact = domain.record(
        form,
        form.status,
        order_ref=uuid4(),
        case_ref=case_ref,
        agency_id=unit.agency_id,
        new_ref=uuid4,
        now=now,
    )
    await store.put(unit.session, order)
    await order_numbers.keep(unit, order.order_ref, form.order_number)
    unit.created = order.order_ref
    await disclosure.offer(unit, fact)
    response.headers["Location"] = f"/v1/orders/{order.order_ref}"
    response.headers["ETag"] = etag(order.version)
    return recorded_answer_for(order, missing_to_enter(order))


@routes.post("/{order_ref}/issuance", response_model=RecordedResponse, response_model_exclude_none=True)
@replayed_by(as_issued)
async def issue_order(
    order_ref: UUID, form: IssuanceRequest, unit: MayRecord, response: Response, if_match: IfMatch = None
) -> RecordedResponse:
    """Record what the court issued on a request, or after a temporary order; it is to be served anew."""
    order = await order_for(unit, order_ref, to_change=True)
    require_match(if_match, order.version)
    issued, fact = domain.issue(order, form, form.status, uuid4, await register.database_now(unit.session))
    await order_numbers.keep(unit, order_ref, form.order_number)
    await _keep(unit, issued, fact, response)
    return recorded_answer_for(issued, missing_to_enter(issued))


@routes.post("/{order_ref}/modification", response_model=OrderResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def modify_order(
    order_ref: UUID, form: ModificationRequest, unit: MayRecord, response: Response, if_match: IfMatch = None
) -> OrderResponse:
    """Record what changed in an order in force; changed terms are to be served anew."""
    order = await order_for(unit, order_ref, to_change=True)
    require_match(if_match, order.version)
    changed, fact = domain.modify(order, form, uuid4, await register.database_now(unit.session))
    await order_numbers.keep(unit, order_ref, form.order_number)
    return await _keep(unit, changed, fact, response)


@routes.post("/{order_ref}/service", response_model=OrderResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def serve_order(
    order_ref: UUID, form: ServiceRequest, unit: MayServe, response: Response, if_match: IfMatch = None
) -> OrderResponse:
    """Record that the order is in hand, was served on a respondent, or could not be."""
    order = await order_for(unit, order_ref, to_change=True)
    require_match(if_match, order.version)
    served, fact = domain.serve(order, form, form.service_status, await register.database_now(unit.session))
    return await _keep(unit, served, fact, response)


@routes.post("/{order_ref}/hearing", response_model=OrderResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def set_hearing(
    order_ref: UUID, form: HearingRequest, unit: MayRecord, response: Response, if_match: IfMatch = None
) -> OrderResponse:
    """Record when the court hears it, or the new date."""
    order = await order_for(unit, order_ref, to_change=True)
    if if_match is not None:
        require_match(if_match, order.version)
    updated, fact = domain.set_hearing(order, form, await register.database_now(unit.session))
    return await _keep(unit, updated, fact, response)


@routes.post("/{order_ref}/violation", response_model=OrderResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def note_violation(order_ref: UUID, form: ViolationRequest, unit: MayServe, response: Response) -> OrderResponse:
    """Record that the order was broken; it stays in force."""
    order = await order_for(unit, order_ref, to_change=True)
    broken, fact = domain.note_violation(order, form, await register.database_now(unit.session))
    return await _keep(unit, broken, fact, response)


@routes.post("/{order_ref}/end", response_model=OrderResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def end_order(order_ref: UUID, form: EndRequest, unit: MayRecord, response: Response) -> OrderResponse:
    """Record that the order ended before its date, and why by a code."""
    order = await order_for(unit, order_ref, to_change=True, closes=True)
    ended, fact = domain.end(order, form, await register.database_now(unit.session))
    return await _keep(unit, ended, fact, response)


async def _keep(unit: UnitOfWork, order: Order, fact: OrderFact | None, response: Response) -> OrderResponse:
    await endings.keep(unit, order)
    if fact is not None:
        await disclosure.offer(unit, fact)
    response.headers["ETag"] = etag(order.version)
    return answer_for(order)
