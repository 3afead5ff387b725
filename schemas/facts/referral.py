"""A referral was sent, answered, carried out or ended.

The referral is the sender's record: each of these is a fact of the sender's case,
between the sender and the one receiver, whoever caused it.
"""

from typing import ClassVar

from schemas.categories import Location, ReferralStatus
from schemas.codes import (
    ConflictCheck,
    DeclineReason,
    OutcomeCode,
    Priority,
    ReferralKind,
    ReferralMode,
    ReferralState,
    ServiceCode,
    WarmHandoff,
    WithdrawReason,
)
from schemas.facts.categorised import Categorised
from schemas.facts.evidence import EvidenceList
from schemas.facts.fact import Fact
from schemas.facts.incident import IncidentBlock
from schemas.facts.protective_order import OrderServiceBlock, OrderTermsBlock
from schemas.facts.risk import RiskBlock, RiskOutcome
from schemas.facts.safety_plan import PlanBlock
from schemas.facts.survivor import CareBlock, MeansBlock, SurvivorBlock
from schemas.values import AgencyRef, Count, Day, Instant, Ref, SpokenCode, Text200


class ReferralBlock(Categorised):
    """What an advocate asks, and of whom; a logged referral is sent to nobody."""

    to_agency_ref: ReferralStatus[AgencyRef]
    kind: ReferralStatus[ReferralKind] = ReferralKind.SERVICE
    mode: ReferralStatus[ReferralMode]
    service_code: ReferralStatus[ServiceCode]
    priority: ReferralStatus[Priority]
    follows_ref: ReferralStatus[Ref | None] = None
    warm_handoff: ReferralStatus[WarmHandoff | None] = None


class AcceptanceBlock(Categorised):
    """Who will meet the survivor, when and where."""

    advocate_name: ReferralStatus[Text200]
    first_meeting_on: ReferralStatus[Day | None] = None
    warm_handoff: ReferralStatus[WarmHandoff | None] = None
    meeting_place: Location[Text200 | None] = None


class DeclineBlock(Categorised):
    """Why the receiver cannot take the survivor on; there is always a reason."""

    reason_code: ReferralStatus[DeclineReason]


class CompletionBlock(Categorised):
    """What came of it, as the receiver sees it."""

    outcome_code: ReferralStatus[OutcomeCode]
    warm_handoff: ReferralStatus[WarmHandoff | None] = None


class ContactFailureBlock(Categorised):
    """How often the receiver tried, on safe channels only."""

    contact_attempts: ReferralStatus[Count]


class WithdrawalBlock(Categorised):
    """Why a referral is called back."""

    reason_code: ReferralStatus[WithdrawReason]


class ReferralFact(Fact):
    """What every fact about a referral carries: set by the service, never by a form."""

    referral_ref: ReferralStatus[Ref]
    from_agency_ref: ReferralStatus[AgencyRef]
    to_agency_ref: ReferralStatus[AgencyRef]
    status: ReferralStatus[ReferralState]
    answer_by: ReferralStatus[Instant | None] = None
    spoken_code: ReferralStatus[SpokenCode | None] = None  # ADR 0041: one for both sides, who name it by telephone

    def parties(self) -> frozenset[str]:
        """Return the sender and the receiver."""
        return frozenset({self.from_agency_ref, self.to_agency_ref})


class ReferralCreated(
    ReferralFact,
    ReferralBlock,
    SurvivorBlock,
    CareBlock,
    MeansBlock,
    IncidentBlock,
    RiskBlock,
    RiskOutcome,
    PlanBlock,
    OrderTermsBlock,
    OrderServiceBlock,
    EvidenceList,
):
    """A referral was sent, with whatever of the case the directive lets the receiver see."""

    type: ClassVar[str] = "accord.referral.created.v1"

    created_at: ReferralStatus[Instant]
    conflict_check: ReferralStatus[ConflictCheck | None] = None


class ReferralAccepted(ReferralFact, AcceptanceBlock):
    """The receiving agency took the survivor on and named an advocate."""

    type: ClassVar[str] = "accord.referral.accepted.v1"


class ReferralDeclined(ReferralFact, DeclineBlock):
    """The receiving agency cannot take the survivor on, and says why by a code."""

    type: ClassVar[str] = "accord.referral.declined.v1"


class ReferralInfoRequested(ReferralFact):
    """The receiving agency needs more before it answers; what, it asks the survivor through the custodian."""

    type: ClassVar[str] = "accord.referral.info_requested.v1"


class ReferralInProgress(ReferralFact):
    """The receiving agency has begun."""

    type: ClassVar[str] = "accord.referral.in_progress.v1"


class ReferralCompleted(ReferralFact, CompletionBlock):
    """The receiving agency has done what was asked."""

    type: ClassVar[str] = "accord.referral.completed.v1"


class ReferralContactFailed(ReferralFact, ContactFailureBlock):
    """The receiving agency tried and could not reach the survivor safely."""

    type: ClassVar[str] = "accord.referral.contact_failed.v1"


class ReferralWithdrawn(ReferralFact, WithdrawalBlock):
    """The sender or the survivor called the referral back, or a release it relied on ended."""

    type: ClassVar[str] = "accord.referral.withdrawn.v1"


class ReferralOverdue(ReferralFact):
    """Nobody answered in time; set once."""

    type: ClassVar[str] = "accord.referral.overdue.v1"

    overdue_since: ReferralStatus[Instant]


class ReferralConflictChecked(ReferralFact):
    """A lawyer's system compared one name with its list; the custodian alone is told."""

    type: ClassVar[str] = "accord.referral.conflict_checked.v1"

    conflict_check: ReferralStatus[ConflictCheck]
