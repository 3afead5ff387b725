"""When a safety plan is to be looked at again or rehearsed: a task for whoever works on the case."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from runtime.database.unit_of_work import UnitOfWork
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import PlanStatus, ReviewTrigger, TaskReason
from services.intake import plan_store
from services.intake.domain import Plan

# No source says how often a plan is rehearsed; ninety days are ours.
REHEARSED_AGAIN_AFTER: Final = timedelta(days=90)


async def plan_next(unit: UnitOfWork, plan: Plan, next_review_on: date | None) -> None:
    """End what was due about a plan, and open a task for the day on which it is to be reviewed next.

    The day is sealed with the plan; of it, the instant at which it begins stands in the task: ADR 0046.
    """
    await close_tasks(unit.session, unit.agency_id, [plan.plan_ref], TaskReason.PLAN_REVIEW)
    if next_review_on is not None and plan.status is PlanStatus.ACTIVE:
        due_at = await plan_store.day_begins(unit.session, unit.agency_id, next_review_on)
        await _open(unit, plan, due_at, ReviewTrigger.DUE, unit.person_ref)


async def plan_rehearsal(unit: UnitOfWork, plan: Plan, rehearsed_on: date | None, at: datetime) -> None:
    """End what was due about rehearsing a plan, and open a task for ninety days after it was rehearsed or begun."""
    await close_tasks(unit.session, unit.agency_id, [plan.plan_ref], TaskReason.PLAN_REHEARSAL)
    if plan.status is not PlanStatus.ACTIVE:
        return
    rehearsed_at = (
        plan.created_at
        if rehearsed_on is None
        else await plan_store.day_begins(unit.session, unit.agency_id, rehearsed_on)
    )
    day_ends = await plan_store.day_ends(unit.session, unit.agency_id, at)
    task = NewTask(
        unit.agency_id,
        TaskReason.PLAN_REHEARSAL,
        plan.plan_ref,
        max(min(rehearsed_at, at) + REHEARSED_AGAIN_AFTER, day_ends),
        plan.case_ref,
        person_ref=unit.person_ref,
        turn=plan.version,
    )
    await open_task(unit.session, task)


async def force(unit: UnitOfWork, case_ref: UUID, trigger: ReviewTrigger, at: datetime, person_ref: str | None) -> None:
    """Let the plan of a case be due for review by the end of the day of `at`, after what changed the danger.

    A case without a plan in use has nothing to review.
    """
    plan = await plan_store.plan_of(unit.session, unit.agency_id, case_ref)
    if plan is not None and plan.status is PlanStatus.ACTIVE:
        await _open(unit, plan, await plan_store.day_ends(unit.session, unit.agency_id, at), trigger, person_ref)


async def _open(unit: UnitOfWork, plan: Plan, due_at: datetime, trigger: ReviewTrigger, person_ref: str | None) -> None:
    turn = await plan_store.next_turn(unit.session, unit.agency_id, plan.plan_ref)
    task = NewTask(
        unit.agency_id,
        TaskReason.PLAN_REVIEW,
        plan.plan_ref,
        due_at,
        plan.case_ref,
        person_ref=person_ref,
        turn=turn,
        trigger=trigger,
    )
    await open_task(unit.session, task)
