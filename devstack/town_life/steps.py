"""What a plan consists of: cases, and in each what is signed, referred, ordered and stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.categories import DataCategory
from schemas.codes import (
    DeclineReason,
    OrderStatus,
    OrderType,
    OutcomeCode,
    Participation,
    Priority,
    Purpose,
    ReferralKind,
    ReferralMode,
    ReferralState,
    ReportChannel,
    ServiceCode,
    WithdrawReason,
)


class ReleaseFate(StrEnum):
    """What becomes of a release that was written down."""

    SIGNED = "signed"
    DRAFT = "draft"
    REFUSED = "refused"
    AWAITING = "awaiting"  # it opens more than stood before, so a second person is to confirm it
    DENIED = "denied"  # a denial from the beginning: it has no purpose, no category and no end
    STOPPED = "stopped"  # signed, and ended while a referral under it is on its way


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """One provision: for whom, for which purpose, of what, until how many days from today."""

    recipient: str
    fate: ReleaseFate
    purpose: Purpose | None = None
    categories: tuple[DataCategory, ...] = ()
    days: int = 0


@dataclass(frozen=True, slots=True)
class PlannedReferral:
    """A referral, and the state to which its parties take it; a logged one has no purpose and no answer."""

    receiver: str
    state: ReferralState
    mode: ReferralMode
    kind: ReferralKind
    purpose: Purpose | None
    service: ServiceCode
    priority: Priority
    reason: DeclineReason | WithdrawReason | None = None
    outcome: OutcomeCode | None = None
    answered_by: str | None = None  # None is nobody yet


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order as the court's paper comes in, and what is recorded of it afterwards, in this order."""

    order_type: OrderType
    recorded: OrderStatus
    events: tuple[str, ...] = ()

    @property
    def status(self) -> OrderStatus:
        """Return the status that the order has in the end."""
        return OrderStatus.VACATED if "end" in self.events else self.recorded


@dataclass(frozen=True, slots=True)
class CaseNotes:
    """What is written of a survivor: made up, every word of it from a list."""

    name: str
    language: str
    channel: ReportChannel
    incident: bool
    plan_versions: int
    children: int
    telephone: str
    code_word: str
    narrative: str
    goal: str
    nickname: str  # empty: the agency's people know the case by its code alone


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A case, by whom it is opened, and all that happens in it."""

    number: int
    author: str
    participation: Participation
    notes: CaseNotes
    releases: tuple[PlannedRelease, ...]
    referrals: tuple[PlannedReferral, ...]
    orders: tuple[PlannedOrder, ...]

    @property
    def coordinated(self) -> bool:
        """Tell whether the coordination cell follows the case."""
        return any(release.purpose is Purpose.COORDINATION for release in self.releases)
