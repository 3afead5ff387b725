"""What pages read of the answers about referrals."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from schemas.codes import ReferralState
from services.dashboard.domain import case_code
from services.dashboard.rows.service_row import ServiceRow

UNANSWERED: Final = frozenset({ReferralState.SENT, ReferralState.NEEDS_INFO})
CLOSED: Final = frozenset(
    {
        ReferralState.COMPLETED,
        ReferralState.DECLINED,
        ReferralState.WITHDRAWN,
        ReferralState.COULD_NOT_CONTACT,
    }
)


class ReferralDetailRow(ServiceRow):
    """A referral as this person may see it now; what is not open is not there."""

    referral_ref: UUID
    case_ref: UUID
    changed_at: datetime | None = None
    from_agency_ref: str = ""
    to_agency_ref: str = ""
    created_at: datetime | None = None
    mode: str = ""
    service_code: str = ""
    priority: str = ""
    answer_by: datetime | None = None
    status: ReferralState | None = None
    reason_code: str = ""
    outcome_code: str = ""
    overdue_since: datetime | None = None
    conflict_check: str = ""
    follows_ref: UUID | None = None
    spoken_code: str = ""
    assigned_to: str = ""

    @property
    def code(self) -> str:
        """Return what staff call the case."""
        return case_code(self.case_ref)

    @property
    def agencies(self) -> tuple[str, str]:
        """Return the agencies it is between."""
        return self.from_agency_ref, self.to_agency_ref

    @property
    def waits(self) -> bool:
        """Tell whether it waits for an answer, so that its clock counts; a logged one waits for nobody."""
        return self.status in UNANSWERED and self.answer_by is not None

    @property
    def closed(self) -> bool:
        """Tell whether nothing more happens to it."""
        return self.status in CLOSED


class LoadRow(ServiceRow):
    """How many open referrals a colleague answers."""

    person_ref: str
    open: int


class LoadListRow(ServiceRow):
    """How many open referrals colleagues answer; whoever answers none is not in it."""

    people: tuple[LoadRow, ...]


class ReferralListRow(ServiceRow):
    """One page of referrals."""

    referrals: tuple[ReferralDetailRow, ...]
