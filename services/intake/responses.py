"""What intake answers: references, states and instants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.codes import ClosingReason, Participation, PlanStatus, ReportChannel
from schemas.strict_model import StrictModel
from services.intake.domain import CaseState, CaseStatus, Incident, IncidentState, NearMiss, Plan
from services.intake.staff import Colleague


class OpenedResponse(StrictModel):
    """A case that was opened just now; until the survivor says yes it is local."""

    case_ref: UUID
    opened_at: datetime
    channel: ReportChannel | None = None
    participation: Participation = Participation.NOT_ASKED


class IncidentResponse(StrictModel):
    """An incident of the case."""

    incident_ref: UUID
    version: int
    state: IncidentState
    reported_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, incident: Incident) -> IncidentResponse:
        """Return the answer for an incident."""
        return cls(
            incident_ref=incident.incident_ref,
            version=incident.version,
            state=incident.state,
            reported_at=incident.reported_at,
            changed_at=incident.changed_at,
        )


class PlanResponse(StrictModel):
    """The safety plan of the case; an earlier version is superseded by the next."""

    plan_ref: UUID
    version: int
    status: PlanStatus
    created_at: datetime
    changed_at: datetime
    reviewed_at: datetime | None = None

    @classmethod
    def of(cls, plan: Plan) -> PlanResponse:
        """Return the answer for a plan."""
        return cls(
            plan_ref=plan.plan_ref,
            version=plan.version,
            status=plan.status,
            created_at=plan.created_at,
            changed_at=plan.changed_at,
            reviewed_at=plan.reviewed_at,
        )


class NearMissResponse(StrictModel):
    """A near miss of the case; the next version or the next review of the plan reviews it."""

    near_miss_ref: UUID
    logged_at: datetime
    reviewed_at: datetime | None = None

    @classmethod
    def of(cls, near_miss: NearMiss) -> NearMissResponse:
        """Return the answer for a near miss."""
        return cls(
            near_miss_ref=near_miss.near_miss_ref, logged_at=near_miss.logged_at, reviewed_at=near_miss.reviewed_at
        )


class NearMissesResponse(StrictModel):
    """The near misses of a case, oldest first."""

    near_misses: list[NearMissResponse]


class CaseResponse(StrictModel):
    """A case as its own agency keeps it. Participation and opening are the opening agency's to know."""

    case_ref: UUID
    state: CaseState
    reason_code: ClosingReason | None = None
    version: int
    assigned_to: list[str]
    nickname: str | None = None
    participation: Participation | None = None
    opened_at: datetime | None = None
    channel: ReportChannel | None = None
    incidents: list[IncidentResponse]
    plan: PlanResponse | None = None


class ListedCaseResponse(StrictModel):
    """A case as a row of its agency's list. Participation and opening are the opening agency's to know."""

    case_ref: UUID
    state: CaseState
    reason_code: ClosingReason | None = None
    version: int
    changed_at: datetime
    assigned_to: list[str]
    nickname: str | None = None
    incidents: int
    plan_status: PlanStatus | None = None
    participation: Participation | None = None
    opened_at: datetime | None = None


class CasesResponse(StrictModel):
    """A page of cases, newest change first."""

    cases: list[ListedCaseResponse]


class ColleagueOpeningResponse(StrictModel):
    """Until when a case of colleagues stays open to whoever stated the reason."""

    case_ref: UUID
    open_until: datetime


class OpeningStepResponse(StrictModel):
    """Whether a case opens to this person only once they have said why."""

    case_ref: UUID
    reason_needed: bool


class CaseStatusResponse(StrictModel):
    """What the agency decided about its own case; the version is the one that the next decision names."""

    case_ref: UUID
    state: CaseState
    reason_code: ClosingReason | None = None
    version: int
    assigned_to: list[str]
    nickname: str | None = None

    @classmethod
    def of(cls, status: CaseStatus, people: list[str], nickname: str | None) -> CaseStatusResponse:
        """Return the answer for a case on which these people work, and which they call so."""
        return cls(
            case_ref=status.case_ref,
            state=status.state,
            reason_code=status.reason,
            version=status.version,
            assigned_to=people,
            nickname=nickname,
        )


class ColleagueResponse(StrictModel):
    """Somebody who works at the agency, by their true name."""

    person_ref: str
    name: str
    roles: list[str]

    @classmethod
    def of(cls, colleague: Colleague) -> ColleagueResponse:
        """Return the answer for a colleague."""
        return cls(person_ref=colleague.person_ref, name=colleague.name, roles=list(colleague.roles))


class ColleaguesResponse(StrictModel):
    """A page of the agency's people, by name."""

    colleagues: list[ColleagueResponse]
