"""What pages about orders read of the bridge's answers, and of the exchange's about an order's papers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.dashboard.code_words import words
from services.dashboard.domain import case_code
from services.dashboard.rows.service_row import ServiceRow

ORDER_TYPE = "accord.protective_order."


class RespondentServiceRow(ServiceRow):
    """How far service on one respondent has come."""

    respondent_ref: UUID
    service_status: str | None = None


class OrderStateRow(ServiceRow):
    """How an order stands."""

    order_ref: UUID
    case_ref: UUID
    version: int
    status: str
    service: tuple[RespondentServiceRow, ...] = ()
    recorded_at: datetime
    changed_at: datetime
    expires_on: date | None = None
    missing_to_enter: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)

    @property
    def in_force(self) -> bool:
        """Tell whether a court has issued it and it is not over."""
        return self.status in ("temporary", "final")

    @property
    def stands(self) -> bool:
        """Tell whether it is asked for or in force."""
        return self.in_force or self.status == "requested"


class OrderListRow(ServiceRow):
    """One page of orders."""

    orders: tuple[OrderStateRow, ...]


class PaperRow(ServiceRow):
    """What lies sealed in the agency's own copy: its routing, and once opened what it says."""

    message_ref: UUID
    type: str
    occurred_at: datetime
    categories: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def about(self) -> str:
        """Return what happened, in words."""
        return words(self.type.removeprefix(ORDER_TYPE).partition(".")[0])

    def of(self, order_ref: UUID) -> bool:
        """Tell whether it is about this order."""
        return self.categories.get("order_terms", {}).get("order_ref") == str(order_ref)


class PaperListRow(ServiceRow):
    """The papers of a case."""

    messages: tuple[PaperRow, ...]


class OpenedPapersRow(ServiceRow):
    """The papers that were opened."""

    opened: tuple[PaperRow, ...]
