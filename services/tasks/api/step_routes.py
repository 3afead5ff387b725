"""The steps of one task."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import FieldError, IfMatch, Invalid, etag, replayed_by, router
from services.tasks import domain, store
from services.tasks.api.lookup import REFUSALS, MayWriteTasks, actor_of, lock_task, may_do, readable_task
from services.tasks.domain import Task
from services.tasks.requests import TaskAssignmentRequest, TaskCompletionRequest, TaskFlagRequest, TaskSnoozeRequest
from services.tasks.responses import TaskResponse

routes = router("/v1/tasks", tags=["tasks"], refusals=REFUSALS)


async def as_it_stands(task_ref: UUID, unit: MayWriteTasks, response: Response) -> TaskResponse:
    """Show the task as it is now."""
    return _response(await readable_task(unit, task_ref), response)


@routes.post("/{task_ref}/claim", response_model=TaskResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def claim_task(task_ref: UUID, unit: MayWriteTasks, response: Response, if_match: IfMatch = None) -> TaskResponse:
    """Take a task on: from now on it is at whoever asks."""
    actor = actor_of(unit)
    task = await lock_task(unit, task_ref, if_match)
    return await _keep(unit, domain.claim(task, actor, await register.database_now(unit.session)), response)


@routes.post("/{task_ref}/assignment", response_model=TaskResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def assign_task(
    task_ref: UUID, form: TaskAssignmentRequest, unit: MayWriteTasks, response: Response, if_match: IfMatch = None
) -> TaskResponse:
    """Hand a task over to a colleague, who claims it, or put it back for whoever takes it."""
    actor = actor_of(unit)
    task = await lock_task(unit, task_ref, if_match)
    if form.person_ref is not None and task_ref not in await may_do(unit, form.person_ref, [task]):
        raise Invalid([FieldError("body.person_ref", "no_colleague")])
    now = await register.database_now(unit.session)
    return await _keep(unit, domain.hand_over(task, actor, form.person_ref, now), response)


@routes.post("/{task_ref}/snooze", response_model=TaskResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def snooze_task(
    task_ref: UUID, form: TaskSnoozeRequest, unit: MayWriteTasks, response: Response, if_match: IfMatch = None
) -> TaskResponse:
    """Put a task off, for a reason, at most 14 days and at most twice; it comes back by itself."""
    actor = actor_of(unit)
    task = await lock_task(unit, task_ref, if_match)
    now = await register.database_now(unit.session)
    return await _keep(unit, domain.snooze(task, actor, form.until, form.reason_code, now), response)


@routes.post("/{task_ref}/flag", response_model=TaskResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def flag_task(
    task_ref: UUID, form: TaskFlagRequest, unit: MayWriteTasks, response: Response, if_match: IfMatch = None
) -> TaskResponse:
    """Put a flag on a task, for all colleagues to see, or take it off."""
    task = await lock_task(unit, task_ref, if_match)
    return await _keep(unit, domain.flag(task, form.flagged, await register.database_now(unit.session)), response)


@routes.post("/{task_ref}/completion", response_model=TaskResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def complete_task(
    task_ref: UUID, form: TaskCompletionRequest, unit: MayWriteTasks, response: Response, if_match: IfMatch = None
) -> TaskResponse:
    """Say that a task is done, and what came of it."""
    actor = actor_of(unit)
    task = await lock_task(unit, task_ref, if_match)
    now = await register.database_now(unit.session)
    return await _keep(unit, domain.complete(task, actor, form.outcome_code, now), response)


async def _keep(unit: UnitOfWork, task: Task, response: Response) -> TaskResponse:
    await store.keep(unit.session, unit.agency_id, task)
    return _response(task, response)


def _response(task: Task, response: Response) -> TaskResponse:
    response.headers["ETag"] = etag(task.version)
    return TaskResponse.of(task)
