"""A safety plan: its versions, and which of its sections say something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from schemas.codes import PlanSection, PlanStatus
from schemas.facts import SafetyPlanCreated, SafetyPlanUpdated
from schemas.facts.categorised import Categorised
from schemas.facts.safety_plan import PlanBlock
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


def _plan_fields(kind: type[Categorised], plan: Plan, form: PlanBlock) -> dict[str, Any]:
    return form.values_for(kind) | {
        "case_ref": plan.case_ref,
        "plan_ref": plan.plan_ref,
        "version": plan.version,
        "status": plan.status,
        "sections_present": sections(form),
    }
