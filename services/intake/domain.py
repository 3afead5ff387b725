"""Cases, incidents and safety plans: what follows from what was said, and what may become of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from schemas.codes import (
    Bool3,
    ClosingReason,
    DatePrecision,
    ElapsedBand,
    IncidentChange,
    IncidentContext,
    PlanSection,
    PlanStatus,
    PoliceReport,
    Relationship,
    ViolenceType,
)
from schemas.facts import IncidentReported, IncidentUpdated, SafetyPlanCreated, SafetyPlanUpdated
from schemas.facts.categorised import Categorised
from schemas.facts.incident import IncidentBlock
from schemas.facts.safety_plan import PlanBlock

REPEATS_WITHIN: Final = timedelta(days=365)
INTIMATE: Final = frozenset(
    {
        Relationship.SPOUSE,
        Relationship.COMMON_LAW_SPOUSE,
        Relationship.BOYFRIEND_OR_GIRLFRIEND,
        Relationship.EX_SPOUSE,
        Relationship.EX_RELATIONSHIP,
    }
)
SEXUAL: Final = frozenset({ViolenceType.RAPE, ViolenceType.SEXUAL_ASSAULT})
# Whole days from the incident to its report, each band's last.
BANDS: Final = (
    (3, ElapsedBand.DAYS_0_TO_3),
    (5, ElapsedBand.DAYS_4_TO_5),
    (14, ElapsedBand.DAYS_6_TO_14),
    (30, ElapsedBand.DAYS_15_TO_30),
)
SECTIONS: Final = {
    "during_incident": PlanSection.DURING_INCIDENT,
    "preparing_to_leave": PlanSection.PREPARING_TO_LEAVE,
    "home_security": PlanSection.HOME_SECURITY,
    "technology": PlanSection.TECHNOLOGY,
    "work_school_public": PlanSection.WORK_SCHOOL_PUBLIC,
    "pets": PlanSection.PETS,
    "emotional": PlanSection.EMOTIONAL,
    "protective_order_use": PlanSection.PROTECTIVE_ORDER_USE,
    "children_plan": PlanSection.CHILDREN,
    "contacts": PlanSection.CONTACTS,
    "places": PlanSection.PLACES,
}


class CaseStepNotPossible(Exception):
    """The step is not possible as things stand; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IncidentState(StrEnum):
    """Whether somebody still works on an incident."""

    RECORDED = "recorded"
    CLOSED = "closed"


class ColleagueReason(StrEnum):
    """Why somebody opens a case on which only colleagues work."""

    COVERING = "covering"
    ASKED_BY_COLLEAGUE = "asked_by_colleague"
    SURVIVOR_ASKED = "survivor_asked"
    SUPERVISION = "supervision"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as intake keeps it: what was told lies sealed with its custodian."""

    incident_ref: UUID
    case_ref: UUID
    version: int
    state: IncidentState
    reported_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A safety plan as intake keeps it: which version is the one in use."""

    plan_ref: UUID
    case_ref: UUID
    version: int
    status: PlanStatus
    created_at: datetime
    changed_at: datetime


class CaseState(StrEnum):
    """Whether the agency still works on a case."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """Where a case stands at the agency's own desk; the version counts what the agency decided about it there."""

    case_ref: UUID
    state: CaseState
    version: int
    changed_at: datetime
    reason: ClosingReason | None = None

    def next(self, at: datetime) -> CaseStatus:
        """Return the next version."""
        return replace(self, version=self.version + 1, changed_at=at)


def close_case(status: CaseStatus, reason: ClosingReason, at: datetime) -> CaseStatus:
    """Return the case closed; one that was closed for this reason stays as it is, and another reason is refused."""
    if status.state is CaseState.CLOSED and status.reason is not reason:
        raise CaseStepNotPossible("closed")
    if status.state is CaseState.CLOSED:
        return status
    return replace(status.next(at), state=CaseState.CLOSED, reason=reason)


def reopen_case(status: CaseStatus, at: datetime) -> CaseStatus:
    """Return the case open again; one that is open stays as it is."""
    if status.state is CaseState.OPEN:
        return status
    return replace(status.next(at), state=CaseState.OPEN, reason=None)


def report(
    ref: UUID, case_ref: UUID, form: IncidentBlock, latest: datetime | None, at: datetime
) -> tuple[Incident, IncidentReported]:
    """Return the incident and the fact that makes it known; raises `CaseStepNotPossible` for one that is yet to come.

    `latest` is when the last one before it was reported, if there was one.
    """
    incident = Incident(ref, case_ref, 1, IncidentState.RECORDED, at, at)
    again = latest is not None and at - latest <= REPEATS_WITHIN
    return incident, IncidentReported(repeat_incident=again, **_fields(IncidentReported, incident, form, at))


def correct(
    incident: Incident, form: IncidentBlock, changed: tuple[IncidentChange, ...], at: datetime
) -> tuple[Incident, IncidentUpdated]:
    """Return the next version and its fact; a closed incident is reopened before anything else is done to it."""
    closes, reopens = IncidentChange.CLOSED in changed, IncidentChange.REOPENED in changed
    if closes and reopens:
        raise CaseStepNotPossible("closed_and_reopened")
    if reopens != (incident.state is IncidentState.CLOSED):
        raise CaseStepNotPossible("not_closed" if reopens else "closed")
    state = IncidentState.CLOSED if closes else IncidentState.RECORDED
    newer = replace(incident, version=incident.version + 1, state=state, changed_at=at)
    fields = _fields(IncidentUpdated, newer, form, incident.reported_at)
    return newer, IncidentUpdated(**fields | {"changed": changed})


def check_police_report(block: IncidentBlock, *, own_police: bool, released_to_police: bool) -> None:
    """Refuse to call a report submitted that no release lets any police agency have."""
    submitted = block.police_report is PoliceReport.SUBMITTED
    if submitted and not (own_police or released_to_police):
        raise CaseStepNotPossible("release_needed")


def contexts(block: IncidentBlock) -> tuple[IncidentContext, ...]:
    """Return the contexts that follow from kind, relationship and age; none is guessed from silence."""
    kinds = frozenset(block.violence_types or ())
    sexual, minor = bool(kinds & SEXUAL), block.minor_involved is Bool3.YES
    candidates = [
        (block.relationship in INTIMATE, IncidentContext.INTIMATE_PARTNER_VIOLENCE),
        (sexual and minor, IncidentContext.CHILD_SEXUAL_ABUSE),
        (ViolenceType.FORCED_MARRIAGE in kinds and minor, IncidentContext.EARLY_MARRIAGE),
        (sexual and block.relationship is Relationship.EMPLOYER, IncidentContext.POSSIBLE_SEXUAL_EXPLOITATION),
        (sexual and ViolenceType.TRAFFICKING in kinds, IncidentContext.POSSIBLE_SEXUAL_SLAVERY),
    ]
    return tuple(context for holds, context in candidates if holds)


def elapsed_band(occurred_on: date | None, precision: DatePrecision | None, reported_on: date) -> ElapsedBand | None:
    """Return how many whole days went by, in a band; None where the day is not known."""
    if occurred_on is None or precision not in (None, DatePrecision.DAY):
        return None
    days = (reported_on - occurred_on).days
    if days < -1:
        raise CaseStepNotPossible("yet_to_come")
    # A day ahead is the same night in another time zone.
    return next((band for last, band in BANDS if days <= last), ElapsedBand.OVER_A_MONTH)


def begin_plan(
    ref: UUID, case_ref: UUID, form: PlanBlock, at: datetime, *, closes: bool
) -> tuple[Plan, SafetyPlanCreated]:
    """Return the first version of a plan, active at once, and its fact; what was never begun is not closed."""
    if closes:
        raise CaseStepNotPossible("no_plan_to_close")
    plan = Plan(ref, case_ref, 1, PlanStatus.ACTIVE, at, at)
    return plan, SafetyPlanCreated(**_plan_fields(SafetyPlanCreated, plan, form))


def replace_plan(plan: Plan, form: PlanBlock, at: datetime, *, closes: bool) -> tuple[Plan, SafetyPlanUpdated]:
    """Return the next version of a plan, which supersedes the former or closes it, and its fact."""
    if plan.status is not PlanStatus.ACTIVE:
        raise CaseStepNotPossible("closed")
    status = PlanStatus.CLOSED if closes else PlanStatus.ACTIVE
    newer = replace(plan, version=plan.version + 1, status=status, changed_at=at)
    return newer, SafetyPlanUpdated(**_plan_fields(SafetyPlanUpdated, newer, form))


def sections(block: PlanBlock) -> tuple[PlanSection, ...]:
    """Return which sections of a plan say something."""
    return tuple(section for name, section in SECTIONS.items() if getattr(block, name))


def _fields(kind: type[Categorised], incident: Incident, form: IncidentBlock, reported_at: datetime) -> dict[str, Any]:
    return form.values_for(kind) | {
        "case_ref": incident.case_ref,
        "incident_ref": incident.incident_ref,
        "version": incident.version,
        "reported_at": reported_at,
        "contexts": contexts(form),
        "elapsed_band": elapsed_band(form.occurred_on, form.date_precision, reported_at.date()),
    }


def _plan_fields(kind: type[Categorised], plan: Plan, form: PlanBlock) -> dict[str, Any]:
    return form.values_for(kind) | {
        "case_ref": plan.case_ref,
        "plan_ref": plan.plan_ref,
        "version": plan.version,
        "status": plan.status,
        "sections_present": sections(form),
    }
