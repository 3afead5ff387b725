"""The responses about an order: references, states and instants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from schemas.codes import OrderStatus, ServiceStatus
from schemas.strict_model import StrictModel
from services.law_enforcement_bridge.domain import Order


class ServiceResponse(StrictModel):
    """How far service on one respondent has come; nothing is said of it before a court has issued the order."""

    respondent_ref: UUID
    service_status: ServiceStatus | None = None


class OrderResponse(StrictModel):
    """How an order stands; what the court's paper says is opened in the exchange, like everything else."""

    order_ref: UUID
    case_ref: UUID
    version: int
    status: OrderStatus
    service: list[ServiceResponse]
    recorded_at: datetime
    changed_at: datetime
    expires_on: date | None = None


class RecordedResponse(OrderResponse):
    """An order as it was recorded, and what an order file would still ask for, by name."""

    missing_to_enter: list[str]


class OrdersResponse(StrictModel):
    """A page of orders, oldest first."""

    orders: list[OrderResponse]


def answer_for(order: Order) -> OrderResponse:
    """Return the state of the order."""
    return OrderResponse(**_fields(order))


def recorded_answer_for(order: Order, missing: Sequence[str]) -> RecordedResponse:
    """Return the state of the order, and the fields missing to enter the order elsewhere."""
    return RecordedResponse(**_fields(order), missing_to_enter=list(missing))


def _fields(order: Order) -> dict[str, Any]:
    return {
        "order_ref": order.order_ref,
        "case_ref": order.case_ref,
        "version": order.version,
        "status": order.status,
        "service": [
            ServiceResponse(respondent_ref=line.respondent_ref, service_status=line.status) for line in order.service
        ],
        "recorded_at": order.recorded_at,
        "changed_at": order.changed_at,
        "expires_on": order.ends_on,
    }
