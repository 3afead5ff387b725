"""What the board reads of the rows of other services' lists; all other fields are ignored and never repeated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.codes import Priority, Purpose, ServiceStatus
from services.dashboard.language import mark

AWAITED: Final[Mapping[str, str]] = {
    "permit": mark("A release"),
    "lifting": mark("The lifting of a denial"),
    "death": mark("The correction of a death"),
}


class ListRow(BaseModel):
    """The fields that the board reads of another service's row; all others are ignored and never repeated."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    case_ref: UUID


class ReferralRow(ListRow):
    """A referral; what consent does not open to this person is not there."""

    referral_ref: UUID
    from_agency_ref: str = ""
    to_agency_ref: str = ""
    priority: Priority | None = None
    created_at: datetime | None = None
    answer_by: datetime | None = None


class MessageRow(ListRow):
    """The routing of a message."""

    message_ref: UUID
    type: str
    sender: str
    occurred_at: datetime


class ReleaseRow(ListRow):
    """A permit that ends soon."""

    directive_ref: UUID
    recipient: str
    purpose: Purpose
    valid_until: datetime


class AwaitingRow(ListRow):
    """What waits for a second person; a death that is to be taken back has no directive."""

    kind: Literal["permit", "lifting", "death"]
    directive_ref: UUID | None
    awaiting_since: datetime
    awaiting_until: datetime

    @property
    def what(self) -> str:
        """Return what is to be confirmed."""
        return AWAITED[self.kind]

    def page(self, releases: str) -> str:
        """Return where it is confirmed, below the pages of releases."""
        case = f"{releases}/{self.case_ref}"
        return case if self.directive_ref is None else f"{case}/release/{self.directive_ref}"


class ServedRespondentRow(BaseModel):
    """How far service on one respondent has come."""

    service_status: ServiceStatus | None = None


class OrderRow(ListRow):
    """An order that the agency recorded."""

    order_ref: UUID
    service: tuple[ServedRespondentRow, ...]
    changed_at: datetime
