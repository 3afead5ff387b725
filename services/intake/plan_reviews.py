"""When a safety plan is to be looked at again: a task for whoever works on the case, ended by a version or a review."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from runtime.database.unit_of_work import UnitOfWork
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import PlanStatus, ReviewTrigger, TaskReason
from services.intake import plan_store
from services.intake.domain import Plan


async def plan_next(unit: UnitOfWork, plan: Plan, next_review_on: date | None) -> None:
    """End what was due about a plan, and open a task for the day on which it is to be reviewed next.

    The day is sealed with the plan; of it, the instant at which it begins stands in the task: ADR 0046.
    """
    await close_tasks(unit.session, unit.agency_id, [plan.plan_ref], TaskReason.PLAN_REVIEW)
    if next_review_on is not None and plan.status is PlanStatus.ACTIVE:
        due_at = await plan_store.day_begins(unit.session, unit.agency_id, next_review_on)
        await _open(unit, plan, due_at, ReviewTrigger.DUE)


async def force(unit: UnitOfWork, case_ref: UUID, trigger: ReviewTrigger, at: datetime) -> None:
    """Let the plan of a case be due for review by the end of the day, after what changed the danger.

    A case without a plan in use has nothing to review.
    """
    plan = await plan_store.plan_of(unit.session, unit.agency_id, case_ref)
    if plan is not None and plan.status is PlanStatus.ACTIVE:
        await _open(unit, plan, await plan_store.day_ends(unit.session, unit.agency_id, at), trigger)


async def _open(unit: UnitOfWork, plan: Plan, due_at: datetime, trigger: ReviewTrigger) -> None:
    turn = await plan_store.next_turn(unit.session, unit.agency_id, plan.plan_ref)
    task = NewTask(
        unit.agency_id,
        TaskReason.PLAN_REVIEW,
        plan.plan_ref,
        due_at,
        plan.case_ref,
        person_ref=unit.person_ref,
        turn=turn,
        trigger=trigger,
    )
    await open_task(unit.session, task)
