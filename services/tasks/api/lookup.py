"""Finding a task for whoever asks: absent, and not for you, are one answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends

from runtime import disclosure, register
from runtime.auth.scopes import Scope, scopes_of
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure.state_reads import ReadRequest
from runtime.http import Absent, Refusals, Refused, Withheld, require_match, require_scope
from schemas.categories import DataCategory
from schemas.codes import TaskQueue
from services.tasks import domain, store
from services.tasks.domain import Task, TaskActor

MayReadTasks = Annotated[UnitOfWork, Depends(require_scope("tasks:read"))]
MayWriteTasks = Annotated[UnitOfWork, Depends(require_scope("tasks:write"))]
LIST: Final = "tasks"
# What a task tells of another agency's record is that something is due there.
STATUS: Final = (DataCategory.REFERRAL_STATUS,)
REFUSALS: Refusals = {domain.TaskStepNotPossible: lambda error: Refused(error.code)}
# Whom a survivor shut out is a privacy officer's to read, and what the broker did whoever runs it for the agency.
NEEDED = {TaskQueue.PRIVACY: Scope.CONFLICTS_READ, TaskQueue.OPERATIONS: Scope.OPERATIONS_READ}


def queues_for(scopes: Collection[str]) -> frozenset[TaskQueue]:
    """Return the queues that these scopes let a person see."""
    return frozenset(queue for queue in TaskQueue if queue not in NEEDED or NEEDED[queue] in scopes)


def actor_of(unit: UnitOfWork) -> TaskActor:
    """Return who takes a step; whoever writes the duty roster steers the work of others."""
    if unit.person_ref is None:
        raise Refused("no_person")
    return TaskActor(unit.person_ref, Scope.DUTY_WRITE in unit.scopes)


def read_requests(tasks: Iterable[Task]) -> list[ReadRequest]:
    """Return the looks that showing these tasks takes; one that is about no case takes none."""
    return [request for request in map(read_request, tasks) if request is not None]


def read_request(task: Task) -> ReadRequest | None:
    """Return the look that showing the task takes, at the record that it is about."""
    return None if task.decided_ref is None else ReadRequest(task.decided_ref, task.purpose)


async def readable_task(unit: UnitOfWork, task_ref: UUID) -> Task:
    """Return the agency's own task, its subject locked and the look on record."""
    task = await store.task_of(unit.session, unit.agency_id, queues_for(unit.scopes), task_ref)
    if task is None:
        raise Absent
    if task.decided_ref is not None and not await disclosure.read_mask(unit, task.decided_ref, STATUS, task.purpose):
        raise Withheld
    return task


async def lock_task(unit: UnitOfWork, task_ref: UUID, if_match: str | None) -> Task:
    """Lock the task, its subject first, and return it; it must be the version that the caller saw."""
    await readable_task(unit, task_ref)
    queues = queues_for(unit.scopes)
    task = await store.task_of(unit.session, unit.agency_id, queues, task_ref, to_change=True)
    if task is None:
        raise Absent
    require_match(if_match, task.version)
    return task


async def may_do(unit: UnitOfWork, person_ref: str, tasks: Collection[Task]) -> set[UUID]:
    """Return which of the tasks a colleague may be given.

    None where they are no active colleague who does tasks; not those of a queue that they do not see, nor those of a
    survivor who shuts them out.
    """
    roles = (await store.roles_of(unit.session, unit.agency_id, [person_ref])).get(person_ref)
    scopes = scopes_of(roles or ())
    if Scope.TASKS_WRITE not in scopes:
        return set()
    refs = [task.decided_ref for task in tasks if task.decided_ref is not None]
    subjects = await register.lock_cases(unit.session, refs)
    hidden = {
        ref for ref, s in subjects.items() if s.table.hidden_from(unit.agency_id, person_ref, unnamed=False) is not None
    }
    queues = queues_for(scopes)
    return {task.task_ref for task in tasks if task.queue in queues and task.decided_ref not in hidden}
