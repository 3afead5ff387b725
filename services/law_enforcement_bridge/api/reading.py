"""How the orders that an agency recorded stand: one, and all of them, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from runtime import disclosure, register
from runtime.disclosure.looking import Asked
from runtime.http import Cursor, FieldError, Invalid, Limit, etag, router
from runtime.http.paging import cursor_of, link_next, position_of
from runtime.unit import Unit
from schemas.codes import OrderStatus, ServiceStatus
from services.law_enforcement_bridge import store
from services.law_enforcement_bridge.answers import OrderAnswer, OrdersAnswer, answer_for
from services.law_enforcement_bridge.api.finding import ORDER, MayRead, order_for
from services.law_enforcement_bridge.domain import Order
from services.law_enforcement_bridge.store import Wanted


def _wanted(
    status: OrderStatus | None = None, service_status: ServiceStatus | None = None, cursor: Cursor = None
) -> Wanted:
    position = position_of(cursor, str, str)
    if position is None:
        return Wanted(status, service_status)
    try:
        behind = datetime.fromisoformat(position[0]), UUID(position[1])
    except ValueError:
        raise Invalid([FieldError("query.cursor", "malformed")]) from None
    if behind[0].tzinfo is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return Wanted(status, service_status, behind)


routes = router("/v1/orders", tags=["orders"])


@routes.get("", response_model=OrdersAnswer, response_model_exclude_none=True)
async def list_orders(
    request: Request,
    unit: MayRead,
    response: Response,
    wanted: Annotated[Wanted, Depends(_wanted)],
    limit: Limit = 50,
) -> OrdersAnswer:
    """List the orders that the agency recorded, oldest first; each is a look on record."""
    shown, more = await _page(unit, wanted, limit)
    last = shown[-1] if more else None
    cursor = None if last is None else cursor_of(last.recorded_at.isoformat(), str(last.order_ref))
    link_next(request, response, cursor)
    return OrdersAnswer(orders=[answer_for(order) for order in shown])


@routes.get("/{order_ref}", response_model=OrderAnswer, response_model_exclude_none=True)
async def read_order(order_ref: UUID, unit: MayRead, response: Response) -> OrderAnswer:
    """Tell how an order stands, to the agency that recorded it."""
    order = await order_for(unit, order_ref)
    response.headers["ETag"] = etag(order.version)
    return answer_for(order)


async def _page(unit: Unit, wanted: Wanted, limit: int) -> tuple[list[Order], bool]:
    """Return a page of what this person may see, and whether more of that is left."""
    shown: list[Order] = []
    while True:
        rows = await store.orders_of(unit.session, unit.agency_id, wanted, limit + 1)
        await register.hold_all(unit.session, {row.case_ref for row in rows})  # all locks at once, in one order
        masks = await disclosure.consulted(unit, {Asked(row.case_ref) for row in rows}, ORDER)
        shown += [row for row in rows if masks[row.case_ref]]
        if len(shown) > limit or len(rows) <= limit:
            return shown[:limit], len(shown) > limit
        last = rows[-1]
        wanted = Wanted(wanted.status, wanted.service_status, (last.recorded_at, last.order_ref))
