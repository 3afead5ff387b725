"""When a safety plan is to be looked at again: a task for whoever wrote it, ended by the next version."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from runtime.database.unit_of_work import UnitOfWork
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import PlanStatus, TaskReason
from services.intake.domain import Plan


async def make_due(unit: UnitOfWork, plan: Plan, next_review_on: date | None) -> None:
    """End what was due about the former version, and open a task for the day on which this one is to be reviewed.

    The day is sealed with the plan; of it, the instant at which it begins (UTC) stands in the task: ADR 0046.
    """
    await close_tasks(unit.session, unit.agency_id, [plan.plan_ref], TaskReason.PLAN_REVIEW)
    if next_review_on is None or plan.status is not PlanStatus.ACTIVE:
        return
    due_at = datetime.combine(next_review_on, time(), UTC)
    task = NewTask(
        unit.agency_id,
        TaskReason.PLAN_REVIEW,
        plan.plan_ref,
        due_at,
        plan.case_ref,
        person_ref=unit.person_ref,
        turn=plan.version,
    )
    await open_task(unit.session, task)
