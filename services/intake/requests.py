"""What staff send to intake: blocks of the contracts. Every personal field may be left out."""

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.categories import Local, PlanSummary, RiskAnswers, RiskResult
from schemas.codes import ClosingReason, IncidentChange, ReportChannel
from schemas.facts.incident import IncidentBlock, WeaponsBlock
from schemas.facts.risk import AnsweredItem, Override
from schemas.facts.safety_plan import NearMissBlock, PlanBlock, ReviewBlock
from schemas.facts.survivor import SurvivorBlock
from schemas.strict_model import StrictModel
from schemas.values import Day, Flag, Items, PersonRef, ShortName, Slug, Text200
from services.intake.domain import ColleagueReason

# What a person may be at an agency; `system` is none of them.
StaffRole = Literal[
    "advocate",
    "liaison",
    "case_worker",
    "counsellor",
    "attorney",
    "coordinator",
    "privacy_officer",
    "auditor",
    "administrator",
]

# The first eight hexadecimal digits of the agency's own reference, as staff say them: "86BC-A544".
CaseCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{4}-[0-9A-F]{4}$")]


class CaseRequest(StrictModel):
    """A case to open; it needs nobody's name, and nothing else."""

    channel: ReportChannel | None = None


class AssignmentRequest(StrictModel):
    """Who works on a case from now on; an empty list is nobody."""

    person_refs: Local[Items[PersonRef]]


class ColleagueOpeningRequest(StrictModel):
    """Why somebody opens a case on which only colleagues work."""

    reason_code: Local[ColleagueReason]


class ClosingRequest(StrictModel):
    """Why the agency no longer works on a case."""

    reason_code: Local[ClosingReason]


class NicknameRequest(StrictModel):
    """What the agency's own people call a case; an empty name removes it."""

    nickname: Local[ShortName]


class CaseSearchRequest(StrictModel):
    """Which case somebody looks for: by the whole name that the agency's own people gave it, or by its code."""

    nickname: Local[ShortName | None] = None
    case_code: Local[CaseCode | None] = None

    @model_validator(mode="after")
    def _look_for_one(self) -> Self:
        if (self.nickname is None) == (self.case_code is None):
            raise PydanticCustomError("one_of", "a nickname or a case code, and not both")
        return self


class IncidentRequest(SurvivorBlock, IncidentBlock):
    """An incident as somebody told it."""


class IncidentVersionRequest(IncidentRequest):
    """The incident as it is known now, whole; `changed` says what kind of change it is."""

    changed: Local[Items[IncidentChange]] = (IncidentChange.CORRECTION,)


class PlanRequest(PlanBlock):
    """The safety plan as it is now, whole; `closed` ends it."""

    closed: Local[Flag] = False


class NearMissRequest(NearMissBlock):
    """What nearly went wrong, what worked and what failed; it says at least one of the three."""

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not (self.what_happened or self.worked or self.failed):
            raise PydanticCustomError("missing", "what happened, what worked or what failed")
        return self


class ReviewRequest(ReviewBlock):
    """A plan that was looked at again and stands; without a day, no next review is planned."""

    next_review_on: PlanSummary[Day | None] = None


class ScreenRequest(StrictModel):
    """A risk screen to start; without a version, the newest that is loaded."""

    instrument_id: Local[Slug]
    instrument_version: Local[Slug | None] = None


class ScreenCompletionRequest(WeaponsBlock):
    """What the survivor answered, and what whoever asked believes; skipped and not sure are answers of their own."""

    answers: RiskAnswers[Items[AnsweredItem]] = ()
    override: RiskResult[Override | None] = None
    belief: Local[Flag] = False


class OverrideRequest(StrictModel):
    """A band to raise, and why."""

    override: RiskResult[Override]


class CertificationRequest(StrictModel):
    """Until when, the day included, a person may use an instrument that asks for a certificate."""

    certified_until: Local[Day]


class PersonRequest(StrictModel):
    """Somebody who comes to work at the agency, by their true name."""

    name: Local[Text200]
    roles: Local[Items[StaffRole]]


class RolesRequest(StrictModel):
    """What a person is at the agency from now on, whole; an empty list is somebody who may do nothing."""

    roles: Local[Items[StaffRole]]


class LeavingRequest(StrictModel):
    """Who works on the open cases of somebody who leaves; needed where there are any."""

    successor_ref: Local[PersonRef | None] = None
