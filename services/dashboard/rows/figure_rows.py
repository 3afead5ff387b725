"""What the coordinator's board reads of referrals' answers: figures, and the rows that they count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.dashboard.domain import NEVER, case_code
from services.dashboard.navigation import REFERRALS
from services.dashboard.rows.service_row import ServiceRow

ANSWERED_YES: Final = frozenset({"accepted", "in_progress", "completed", "could_not_contact"})
OPEN: Final = frozenset({"draft", "sent", "needs_info", "accepted", "in_progress"})
UNANSWERED: Final = frozenset({"sent", "needs_info"})


class StateCountRow(ServiceRow):
    """How many followed referrals are in a state."""

    state: str
    count: int


class AgencyFiguresRow(ServiceRow):
    """How one agency answers what it is sent."""

    agency_id: str
    name: str
    sent: int
    accepted: int
    declined: int
    open: int
    overdue: int
    median_hours_to_reply: float | None


class ContactFiguresRow(ServiceRow):
    """How long survivors waited for a first contact."""

    priority: str
    median_hours_to_contact: float | None


class FiguresRow(ServiceRow):
    """All figures of the referrals that a coordination cell follows."""

    whole: bool
    states: tuple[StateCountRow, ...]
    agencies: tuple[AgencyFiguresRow, ...]
    contacts: tuple[ContactFiguresRow, ...]


class FollowedRow(ServiceRow):
    """A followed referral; what the release does not open is not there."""

    referral_ref: UUID
    case_ref: UUID
    from_agency_ref: str = ""
    to_agency_ref: str = ""
    priority: str | None = None
    status: str | None = None
    created_at: datetime | None = None
    answer_by: datetime | None = None
    overdue_since: datetime | None = None

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)

    @property
    def page(self) -> str:
        """Return where the referral is shown, among those of its case."""
        return f"{REFERRALS}/{self.referral_ref}?case={self.case_ref}"

    @property
    def due_at(self) -> datetime | None:
        """Return until when a reply is waited for, None where none is."""
        return self.answer_by if self.status in UNANSWERED else None

    def is_in(self, group: str) -> bool:
        """Tell whether the row is among those that a figure of this name counts."""
        match group:
            case "sent":
                return True
            case "accepted":
                return self.status in ANSWERED_YES
            case "open":
                return self.status in OPEN
            case "overdue":
                return self.overdue_since is not None and self.status in UNANSWERED
            case _:
                return self.status == group.removeprefix("state-")


class FollowedListRow(ServiceRow):
    """One page of followed referrals."""

    referrals: tuple[FollowedRow, ...]


def chosen(rows: Sequence[FollowedRow], group: str, agency: str) -> list[FollowedRow]:
    """Return the rows that a figure counts, of those sent to an agency where one is named, closest deadline first."""
    counted = [row for row in rows if row.is_in(group) and (not agency or row.to_agency_ref == agency)]
    return sorted(counted, key=lambda row: (row.due_at or NEVER, row.created_at or NEVER))
