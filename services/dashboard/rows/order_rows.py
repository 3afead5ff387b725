"""What pages about orders read of the bridge's answers, and of the exchange's about an order's papers."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from services.dashboard.domain import case_code
from services.dashboard.rows.mail_rows import OpenedMailRow
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


class OpenedPapersRow(ServiceRow):
    """The messages about orders that were opened."""

    opened: tuple[OpenedMailRow, ...]
