"""What is left to do, page by page, counted, and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.http import Cursor, Limit, Refused, etag, router
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from schemas.codes import Purpose, TaskQueue, TaskReason
from services.tasks import store
from services.tasks.api.lookup import (
    LIST,
    REFUSALS,
    STATUS,
    MayReadTasks,
    queues_for,
    read_request,
    read_requests,
    readable_task,
)
from services.tasks.domain import Task, TaskState
from services.tasks.filters import TaskFilter, TaskPagePosition
from services.tasks.responses import TaskResponse, TasksResponse

Reasons = Annotated[tuple[TaskReason, ...], Query(max_length=len(TaskReason))]
Days = Annotated[int | None, Query(ge=0, le=366)]
States = Annotated[tuple[TaskState, ...], Query(max_length=len(TaskState))]

routes = router("/v1/tasks", tags=["tasks"], refusals=REFUSALS)


def _query(
    mine: bool = False,
    queue: TaskQueue | None = None,
    state: States = (),
    reason: Reasons = (),
    case_ref: UUID | None = None,
    due_within_days: Days = None,
    due_after_days: Days = None,
    unassigned: bool = False,
    overdue: bool = False,
    flagged: bool | None = None,
) -> TaskFilter:
    return TaskFilter(
        frozenset(TaskQueue) if queue is None else frozenset({queue}),
        mine,
        states=state,
        reasons=reason,
        case_ref=case_ref,
        due_within_days=due_within_days,
        due_after_days=due_after_days,
        unassigned=unassigned,
        overdue=overdue,
        flagged=flagged,
    )


Filters = Annotated[TaskFilter, Depends(_query)]


@routes.get("", response_model=TasksResponse, response_model_exclude_none=True)
async def list_tasks(
    request: Request, unit: MayReadTasks, response: Response, filters: Filters, cursor: Cursor = None, limit: Limit = 50
) -> TasksResponse:
    """List what is left to do at the agency as far as this person may see it, closest due instant first.

    `mine` are those at whoever asks, `unassigned` those at nobody, `overdue` those whose time is over;
    `due_within_days` are those due until then, overdue ones too, and `due_after_days` those due later; `state` and
    `reason` may be named several times. What is done or was called off is in no list. Each case shown is on record
    once a day. A page may be short or empty and still have a next one.
    """
    behind = None if cursor is None else TaskPagePosition(*await unsealed_place(unit, LIST, cursor))
    own = _of_asker(unit, filters)
    page = await list_reads.page(partial(_fetch, unit, own, behind), partial(_visible, unit), limit)
    responses = await _show(unit, page.rows)
    link_next(request, response, None if page.last is None else await _cursor_of(unit, page.last))
    return TasksResponse(tasks=responses)


@routes.get("/count", response_model=CountResponse)
async def count_tasks(unit: MayReadTasks, filters: Filters) -> CountResponse:
    """Count the tasks that the list of the same query would show now, up to 1,000; no row leaves."""
    rows = await store.tasks_counted(unit.session, unit.agency_id, _of_asker(unit, filters), MOST_ROWS)
    decided = [row for row in rows if row is not None]
    count = await list_reads.count_open(unit, decided, _purpose, STATUS) + len(rows) - len(decided)
    await list_reads.record_count(unit, LIST)
    return CountResponse.of(count, whole=len(rows) < MOST_ROWS)


@routes.get("/{task_ref}", response_model=TaskResponse, response_model_exclude_none=True)
async def read_task(task_ref: UUID, unit: MayReadTasks, response: Response) -> TaskResponse:
    """Show a task of the agency's own; one whose cause ended is absent."""
    task = await readable_task(unit, task_ref)
    response.headers["ETag"] = etag(task.version)
    return TaskResponse.of(task)


def _of_asker(unit: UnitOfWork, filters: TaskFilter) -> TaskFilter:
    """Return the filter with who asks, and of its queues those that they may see."""
    if filters.mine and unit.person_ref is None:
        raise Refused("no_person")
    return replace(filters, queues=filters.queues & queues_for(unit.scopes), person_ref=unit.person_ref)


async def _fetch(
    unit: UnitOfWork, filters: TaskFilter, begin: TaskPagePosition | None, last: Task | None, rows: int
) -> list[Task]:
    behind = begin if last is None else TaskPagePosition(last.due_at, last.task_ref)
    return await store.tasks_of(unit.session, unit.agency_id, filters, behind, rows)


async def _visible(unit: UnitOfWork, rows: Sequence[Task]) -> list[Task]:
    masks = await list_reads.read_masks(unit, read_requests(rows), STATUS)
    return [row for row in rows if (request := read_request(row)) is None or masks[request]]


async def _show(unit: UnitOfWork, rows: Sequence[Task]) -> list[TaskResponse]:
    """Return the rows that present consent opens, their subjects locked and the looks on record."""
    masks = await list_reads.record_rows(unit, read_requests(rows), STATUS, LIST)
    return [TaskResponse.of(row) for row in rows if (request := read_request(row)) is None or masks[request]]


def _purpose(purpose: str | None) -> Purpose | None:
    return None if purpose is None else Purpose(purpose)


async def _cursor_of(unit: UnitOfWork, last: Task) -> str:
    return await sealed(unit, LIST, last.due_at.isoformat(), str(last.task_ref))
