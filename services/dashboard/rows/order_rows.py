"""What pages about orders read of the bridge's answers, and of the exchange's about an order's papers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.dashboard.domain import case_code, words
from services.dashboard.form_instants import day_text
from services.dashboard.local_clock import LocalClock
from services.dashboard.rows.service_row import ServiceRow

ORDER_TYPE = "accord.protective_order."
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


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

    def lines(self) -> Iterator[tuple[str, Any]]:
        """Yield what it says, line by line; references are for programs."""
        for fields in self.categories.values():
            for name, value in fields.items():
                if not name.endswith("_ref") and name not in ("version", "origin", "cji_fields"):
                    yield words(name), value


class PaperListRow(ServiceRow):
    """The papers of a case."""

    messages: tuple[PaperRow, ...]


class OpenedPapersRow(ServiceRow):
    """The papers that were opened."""

    opened: tuple[PaperRow, ...]


def text_of(value: Any, clock: LocalClock) -> str:
    """Return a value as people read it: an instant by the agency's clock, a day as a day, a code in words."""
    if isinstance(value, dict):
        parts = (f"{words(name)} {text_of(part, clock)}" for name, part in value.items() if not name.endswith("_ref"))
        return ", ".join(parts)
    if isinstance(value, list):
        return "; ".join(text_of(part, clock) for part in value)
    text = str(value)
    if INSTANT.fullmatch(text):
        return clock.full(datetime.fromisoformat(text))
    if DAY.fullmatch(text):
        return day_text(date.fromisoformat(text))
    return words(text) if text.replace("_", "").isalpha() and text.islower() else text
