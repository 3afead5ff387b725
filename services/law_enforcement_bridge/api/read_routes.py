"""How the orders that an agency recorded stand: one, all of them page by page, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.disclosure.state_reads import ReadRequest
from runtime.http import Cursor, Limit, etag, never_replayed, router
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from schemas.codes import OrderStatus, ServiceStatus
from services.law_enforcement_bridge import order_numbers, store
from services.law_enforcement_bridge.api.lookup import ORDER, MayRead, order_for
from services.law_enforcement_bridge.api.refusals import REFUSALS
from services.law_enforcement_bridge.domain import Order
from services.law_enforcement_bridge.requests import OrderSearchRequest
from services.law_enforcement_bridge.responses import OrderResponse, OrdersResponse, answer_for
from services.law_enforcement_bridge.store import OrderFilter, OrderPagePosition

NAME = "orders"
MOST_FOUND = 200


def _filters(
    status: Annotated[list[OrderStatus], Query(default_factory=list, max_length=len(OrderStatus))],
    service_status: Annotated[list[ServiceStatus], Query(default_factory=list, max_length=len(ServiceStatus))],
) -> OrderFilter:
    return OrderFilter(tuple(status), tuple(service_status))


routes = router("/v1/orders", tags=["orders"], refusals=REFUSALS)


@routes.get("", response_model=OrdersResponse, response_model_exclude_none=True)
async def list_orders(
    request: Request,
    unit: MayRead,
    response: Response,
    filters: Annotated[OrderFilter, Depends(_filters)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrdersResponse:
    """List the orders that the agency recorded, oldest first, in any of the states named.

    Each case shown is on record once a day.  A page may be short or empty and still have a next one.
    """
    behind = None if cursor is None else await unsealed_place(unit, NAME, cursor)
    page = await list_reads.page(partial(_fetch, unit, filters, behind), partial(_visible, unit), limit)
    orders = await _show(unit, page.rows)
    link_next(request, response, None if page.last is None else await _cursor_of(unit, page.last))
    return OrdersResponse(orders=orders)


@routes.get("/count", response_model=CountResponse)
async def count_orders(unit: MayRead, filters: Annotated[OrderFilter, Depends(_filters)]) -> CountResponse:
    """Count the orders that the list of the same query would show now, up to 1,000; no row leaves."""
    requests = [
        ReadRequest(ref) for ref in await store.cases_with_orders(unit.session, unit.agency_id, filters, MOST_ROWS)
    ]
    masks = await list_reads.read_masks(unit, requests, ORDER)
    await list_reads.record_count(unit, NAME)
    return CountResponse.of(sum(masks[request] != 0 for request in requests), whole=len(requests) < MOST_ROWS)


@routes.post("/search", response_model=OrdersResponse, response_model_exclude_none=True)
@never_replayed
async def search_orders(form: OrderSearchRequest, unit: MayRead) -> OrdersResponse:
    """Find the orders that the agency recorded by the court's number: the whole number, up to 200 of them.

    Dashes, blanks and case make no difference.  The number stands in the body, as addresses are kept in logs and
    histories; it is looked for under a key of the agency's own, so that an order of another's record is never found.
    """
    filters = OrderFilter(number_index=await order_numbers.index_of(unit, form.order_number))
    page = await list_reads.page(partial(_fetch, unit, filters, None), partial(_visible, unit), MOST_FOUND)
    return OrdersResponse(orders=await _show(unit, page.rows))


@routes.get("/{order_ref}", response_model=OrderResponse, response_model_exclude_none=True)
async def read_order(order_ref: UUID, unit: MayRead, response: Response) -> OrderResponse:
    """Tell how an order stands, to the agency that recorded it."""
    order = await order_for(unit, order_ref)
    response.headers["ETag"] = etag(order.version)
    return answer_for(order)


async def _show(unit: UnitOfWork, rows: Sequence[Order]) -> list[OrderResponse]:
    """Return the rows that present consent opens, the looks on record."""
    masks = await list_reads.record_rows(unit, [ReadRequest(row.case_ref) for row in rows], ORDER, NAME)
    return [answer_for(row) for row in rows if masks[ReadRequest(row.case_ref)]]


async def _fetch(
    unit: UnitOfWork, filters: OrderFilter, begin: OrderPagePosition | None, last: Order | None, rows: int
) -> list[Order]:
    behind = begin if last is None else (last.recorded_at, last.order_ref)
    return await store.orders_of(unit.session, unit.agency_id, filters, behind, rows)


async def _visible(unit: UnitOfWork, rows: Sequence[Order]) -> list[Order]:
    masks = await list_reads.read_masks(unit, [ReadRequest(row.case_ref) for row in rows], ORDER)
    return [row for row in rows if masks[ReadRequest(row.case_ref)]]


async def _cursor_of(unit: UnitOfWork, last: Order) -> str:
    return await sealed(unit, NAME, last.recorded_at.isoformat(), str(last.order_ref))
