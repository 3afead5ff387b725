"""What people send to referrals: blocks of the contracts, and what only this service needs to know."""

from typing import Literal, Self
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.categories import Local, Routing
from schemas.codes import ConflictCheck, Purpose, ReferralMode
from schemas.facts.incident import IncidentBlock
from schemas.facts.protective_order import OrderServiceBlock, OrderTermsBlock
from schemas.facts.referral import ReferralBlock
from schemas.facts.safety_plan import PlanBlock
from schemas.facts.survivor import CareBlock, MeansBlock, SurvivorBlock
from schemas.strict_model import StrictModel
from schemas.values import PersonRef, ShortName


class SharedBlocks(
    SurvivorBlock,
    CareBlock,
    MeansBlock,
    IncidentBlock,
    PlanBlock,
    OrderTermsBlock,
    OrderServiceBlock,
):
    """What the sender tells of the case; of it the receiver gets what the survivor allows, and no more.

    No risk band, no trigger, no item of evidence and no step of its custody: those come from a screen and from the log
    of evidence, and a hand that types them would make up a result that nobody screened.
    """


class ConflictCheckRequest(StrictModel):
    """What a legal aid system found when it compared a name with its list, in its own case."""

    case_ref: UUID
    conflict_check: Literal[ConflictCheck.CLEAR, ConflictCheck.MATCH]


class ReferralAssignmentRequest(StrictModel):
    """Who of the receiving agency answers a referral from now on, and in whose place; None is nobody."""

    person_ref: Local[PersonRef | None]
    instead_of: Local[PersonRef | None] = None


class ReferralSearchRequest(StrictModel):
    """The code that somebody said for a referral: its two words, or all of it, spelled in any way."""

    spoken_code: ShortName


class ReferralRequest(ReferralBlock, SharedBlocks):
    """A referral to send. `purpose` is the one for which the receiver is to act; a logged one needs none."""

    case_ref: Routing[UUID]
    purpose: Local[Purpose | None] = None

    @model_validator(mode="after")
    def _say_why_the_receiver_is_to_act(self) -> Self:
        if self.mode is ReferralMode.LIVE and self.purpose is None:
            raise PydanticCustomError("purpose_needed", "a live referral names the purpose of its receiver")
        return self
