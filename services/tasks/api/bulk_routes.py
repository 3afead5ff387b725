"""Steps of several tasks at once: assign, snooze and flag, and no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.http import replayed_by, router
from services.tasks import domain, store
from services.tasks.api.lookup import (
    LIST,
    REFUSALS,
    STATUS,
    MayWriteTasks,
    actor_of,
    may_do,
    queues_for,
    read_request,
    read_requests,
)
from services.tasks.domain import Task, TaskState, TaskStepNotPossible
from services.tasks.requests import NamedTask, TaskAssignmentsRequest, TaskFlagsRequest, TaskSnoozesRequest
from services.tasks.responses import TaskResultResponse, TaskResultsResponse

routes = router("/v1", tags=["tasks"], refusals=REFUSALS)
Step = Callable[[Task], Task]
IsSo = Callable[[Task], bool]


@dataclass(frozen=True, slots=True)
class LockedTasks:
    """The tasks of a request that its asker may see, locked."""

    by_ref: dict[UUID, Task]


async def assignments_as_they_stand(form: TaskAssignmentsRequest, unit: MayWriteTasks) -> TaskResultsResponse:
    """Tell which of the tasks are at the colleague now."""
    return await _as_they_stand(unit, form.tasks, lambda task: task.person_ref == form.person_ref)


@routes.post("/task-assignments", response_model=TaskResultsResponse, response_model_exclude_none=True)
@replayed_by(assignments_as_they_stand)
async def assign_tasks(form: TaskAssignmentsRequest, unit: MayWriteTasks) -> TaskResultsResponse:
    """Hand up to 100 tasks over to a colleague, or put them back; each row is done or refused for itself."""
    actor = actor_of(unit)
    tasks = await _lock(unit, form.tasks)
    now = await register.database_now(unit.session)
    fit = set(tasks.by_ref)
    if form.person_ref is not None:
        fit = await may_do(unit, form.person_ref, list(tasks.by_ref.values()))

    def hand_over(task: Task) -> Task:
        if task.task_ref not in fit:
            raise TaskStepNotPossible("no_colleague")
        return domain.hand_over(task, actor, form.person_ref, now)

    return await _take(unit, form.tasks, tasks, hand_over)


async def snoozes_as_they_stand(form: TaskSnoozesRequest, unit: MayWriteTasks) -> TaskResultsResponse:
    """Tell which of the tasks wait until that instant now."""
    return await _as_they_stand(unit, form.tasks, lambda task: task.snoozed_until == form.until)


@routes.post("/task-snoozes", response_model=TaskResultsResponse, response_model_exclude_none=True)
@replayed_by(snoozes_as_they_stand)
async def snooze_tasks(form: TaskSnoozesRequest, unit: MayWriteTasks) -> TaskResultsResponse:
    """Put up to 100 tasks off until one instant for one reason; each row is done or refused for itself."""
    actor = actor_of(unit)
    tasks = await _lock(unit, form.tasks)
    now = await register.database_now(unit.session)
    return await _take(
        unit, form.tasks, tasks, lambda task: domain.snooze(task, actor, form.until, form.reason_code, now)
    )


async def flags_as_they_stand(form: TaskFlagsRequest, unit: MayWriteTasks) -> TaskResultsResponse:
    """Tell which of the tasks bear a flag, or none, as asked."""
    return await _as_they_stand(unit, form.tasks, lambda task: task.flagged == form.flagged)


@routes.post("/task-flags", response_model=TaskResultsResponse, response_model_exclude_none=True)
@replayed_by(flags_as_they_stand)
async def flag_tasks(form: TaskFlagsRequest, unit: MayWriteTasks) -> TaskResultsResponse:
    """Put a flag on up to 100 tasks, or take it off; each row is done or refused for itself."""
    tasks = await _lock(unit, form.tasks)
    now = await register.database_now(unit.session)
    return await _take(unit, form.tasks, tasks, lambda task: domain.flag(task, form.flagged, now))


async def _visible(unit: UnitOfWork, named: Sequence[NamedTask]) -> list[Task]:
    """Return the tasks named that the asker may see, their subjects locked and the looks on record."""
    refs = [row.task_ref for row in named]
    tasks = await store.tasks_named(unit.session, unit.agency_id, queues_for(unit.scopes), refs)
    masks = await list_reads.record_rows(unit, read_requests(tasks), STATUS, LIST)
    return [task for task in tasks if (request := read_request(task)) is None or masks[request]]


async def _lock(unit: UnitOfWork, named: Sequence[NamedTask]) -> LockedTasks:
    """Lock the tasks named that the asker may see, all subjects first and the rows in one order."""
    refs = [task.task_ref for task in await _visible(unit, named)]
    tasks = await store.tasks_named(unit.session, unit.agency_id, queues_for(unit.scopes), refs, to_change=True)
    return LockedTasks({task.task_ref: task for task in tasks})


async def _take(unit: UnitOfWork, named: Sequence[NamedTask], tasks: LockedTasks, step: Step) -> TaskResultsResponse:
    return TaskResultsResponse(results=[await _take_one(unit, row, tasks, step) for row in named])


async def _take_one(unit: UnitOfWork, row: NamedTask, tasks: LockedTasks, step: Step) -> TaskResultResponse:
    task = tasks.by_ref.get(row.task_ref)
    if task is None:
        return TaskResultResponse(task_ref=row.task_ref, done=False, code="absent")
    if task.version != row.version:
        return TaskResultResponse(task_ref=row.task_ref, done=False, code="stale", version=task.version)
    try:
        changed = step(task)
    except TaskStepNotPossible as refused:
        return TaskResultResponse(task_ref=row.task_ref, done=False, code=refused.code, version=task.version)
    await store.keep(unit.session, unit.agency_id, changed)
    tasks.by_ref[row.task_ref] = changed  # a row that is named twice is stale the second time
    return TaskResultResponse(task_ref=row.task_ref, done=True, version=changed.version)


async def _as_they_stand(unit: UnitOfWork, named: Sequence[NamedTask], is_so: IsSo) -> TaskResultsResponse:
    tasks = {task.task_ref: task for task in await _visible(unit, named)}
    return TaskResultsResponse(results=[_as_it_stands(row, tasks.get(row.task_ref), is_so) for row in named])


def _as_it_stands(row: NamedTask, task: Task | None, is_so: IsSo) -> TaskResultResponse:
    if task is None:
        return TaskResultResponse(task_ref=row.task_ref, done=False, code="absent")
    done = is_so(task) and task.state is not TaskState.DONE
    return TaskResultResponse(
        task_ref=row.task_ref, done=done, code=None if done else "changed_since", version=task.version
    )
