"""A safety plan: its versions, and which of its sections say something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from schemas.codes import PlanSection, PlanStatus, ReviewTrigger
from schemas.facts import SafetyPlanCreated, SafetyPlanReviewed, SafetyPlanUpdated
from schemas.facts.categorised import Categorised
from schemas.facts.safety_plan import PlanBlock, Review
from services.intake.domain.near_misses import check_day
from services.intake.domain.refusal import CaseStepNotPossible

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


@dataclass(frozen=True, slots=True)
class Plan:
    """A safety plan as intake keeps it: which version is the one in use."""

    plan_ref: UUID
    case_ref: UUID
    version: int
    status: PlanStatus
    created_at: datetime
    changed_at: datetime
    reviewed_at: datetime | None = None


def begin_plan(
    ref: UUID, case_ref: UUID, form: PlanBlock, near_misses: int, at: datetime, *, closes: bool
) -> tuple[Plan, SafetyPlanCreated]:
    """Return the first version of a plan, active at once, and its fact; what was never begun is not closed.

    `near_misses` is how many the case has.
    """
    if closes:
        raise CaseStepNotPossible("no_plan_to_close")
    plan = Plan(ref, case_ref, 1, PlanStatus.ACTIVE, at, at)
    return plan, SafetyPlanCreated(**_plan_fields(SafetyPlanCreated, plan, form, near_misses))


def replace_plan(
    plan: Plan, form: PlanBlock, near_misses: int, at: datetime, *, closes: bool
) -> tuple[Plan, SafetyPlanUpdated]:
    """Return the next version of a plan, which supersedes the former or closes it, and its fact."""
    if plan.status is not PlanStatus.ACTIVE:
        raise CaseStepNotPossible("closed")
    status = PlanStatus.CLOSED if closes else PlanStatus.ACTIVE
    newer = replace(plan, version=plan.version + 1, status=status, changed_at=at)
    return newer, SafetyPlanUpdated(**_plan_fields(SafetyPlanUpdated, newer, form, near_misses))


def review_plan(
    plan: Plan, review: Review, next_review_on: date | None, near_misses: int, at: datetime
) -> tuple[Plan, SafetyPlanReviewed]:
    """Return the plan as it was looked at again and stands, and the fact of the review.

    Raises `CaseStepNotPossible` for a plan that is over, a day that is yet to come, and a near miss from which nothing
    is said to follow without a reason.
    """
    if plan.status is not PlanStatus.ACTIVE:
        raise CaseStepNotPossible("closed")
    check_day(review.held_on, at)
    if review.trigger is ReviewTrigger.NEAR_MISS and not review.changes:
        raise CaseStepNotPossible("reason_needed")
    fact = SafetyPlanReviewed(
        case_ref=plan.case_ref,
        plan_ref=plan.plan_ref,
        version=plan.version,
        status=plan.status,
        next_review_on=next_review_on,
        near_miss_count=near_misses,
        review=review,
    )
    return replace(plan, reviewed_at=at), fact


def sections(block: PlanBlock) -> tuple[PlanSection, ...]:
    """Return which sections of a plan say something."""
    return tuple(section for name, section in SECTIONS.items() if getattr(block, name))


def _plan_fields(kind: type[Categorised], plan: Plan, form: PlanBlock, near_misses: int) -> dict[str, Any]:
    return form.values_for(kind) | {
        "case_ref": plan.case_ref,
        "plan_ref": plan.plan_ref,
        "version": plan.version,
        "status": plan.status,
        "sections_present": sections(form),
        "near_miss_count": near_misses,
    }
