"""Tasks: what is due and why, by whose it is; several at once are handed over, put off or flagged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query as Param
from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.colleagues import colleague_names, working_colleagues
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.domain import Query
from services.dashboard.forms.task_forms import FlagForm, HandOverForm, SnoozeForm, TaskStepForm, ticked
from services.dashboard.language import mark, translate
from services.dashboard.navigation import TASKS
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.rows.task_rows import TaskListRow, TaskResultListRow, TaskRow
from services.dashboard.service_client import Ask, NotAuthorised, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router
from services.dashboard.task_words import refusal_words, why

PATH: Final = "/v1/tasks"
SEVERAL: Final = f"{TASKS}/several"
SOON: Final = timedelta(hours=4)
WEEK: Final = timedelta(days=7)
NONE_TICKED: Final = mark("No task is ticked.")

routes = session_router(TASKS)


@dataclass(frozen=True, slots=True)
class TaskView:
    """One view of the list: its title, what the service is asked, what stands there when it is empty, who sees it."""

    title: str
    query: Query
    empty: str
    scope: str = "tasks:read"


TO_DO: Final[Query] = (("state", "open"), ("state", "claimed"))
THIS_WEEK: Final[Query] = (("due_within_days", f"{WEEK.days}"), *TO_DO)
VIEWS: Final[Mapping[str, TaskView]] = {
    "mine": TaskView(
        mark("Mine"), (("mine", "true"), *THIS_WEEK), mark("Nothing is due this week that you have to do.")
    ),
    "unassigned": TaskView(
        mark("Nobody has it"), (("unassigned", "true"), *THIS_WEEK), mark("Somebody has every task of this week.")
    ),
    "overdue": TaskView(mark("Overdue"), (("overdue", "true"), *TO_DO), mark("Nothing of your agency is overdue.")),
    "agency": TaskView(mark("My agency"), THIS_WEEK, mark("Nothing is due at your agency this week.")),
    "later": TaskView(
        mark("Later"), (("due_after_days", f"{WEEK.days}"), *TO_DO), mark("Nothing is due later than in a week.")
    ),
    "put-off": TaskView(mark("Put off"), (("state", "snoozed"),), mark("No task is put off.")),
    "privacy": TaskView(
        mark("Privacy"), (("queue", "privacy"), *TO_DO), mark("No privacy task is due."), "conflicts:read"
    ),
    "operations": TaskView(
        mark("Operations"),
        (("queue", "operations"), *TO_DO),
        mark("No task about the system is due."),
        "operations:read",
    ),
}
STEPS: Final[Mapping[str, type[TaskStepForm]]] = {
    "assignments": HandOverForm,
    "snoozes": SnoozeForm,
    "flags": FlagForm,
}


@dataclass(frozen=True, slots=True)
class TaskOutcomeLine:
    """What became of one ticked task: the task, where it may still be seen, and why it was refused."""

    task: TaskRow | None
    refused: str = ""


@routes.get("")
async def show_tasks(desk: AtDesk, view: str = "mine", cursor: str = "") -> Response:
    """Show one view of what is due, what is due first on top."""
    views = _views_of(desk)
    if view not in views:
        raise Absent
    query = (*views[view].query, *([("cursor", cursor)] if cursor else []))
    reply, tabs, people = await asyncio.gather(
        desk.read_if_there("tasks", PATH, TaskListRow, query), _tabs(desk, view), colleague_names(desk)
    )
    return _list_page(desk, view, reply, tabs, people)


@routes.get("/several")
async def show_several(desk: AtDesk, row: Annotated[tuple[str, ...], Param()] = (), view: str = "mine") -> Response:
    """Show the ticked tasks with what can be done with several: nothing happens before a button."""
    return await _several_page(desk, ticked(row), view, None)


@routes.post("/several/{step}")
async def take_step(desk: AtDesk, step: str, view: str = "mine") -> Response:
    """Take a step with each ticked task by itself, and show what became of each."""
    if step not in STEPS:
        raise Absent
    form = await desk.submitted(STEPS[step])
    versions = ticked([str(value) for value in form.row.data or ()])
    if not versions:
        form.general_errors.append(translate(NONE_TICKED))
    if not versions or not await _fits(desk, form):
        return await _several_page(desk, versions, view, (step, form), 422)
    named = [{"task_ref": str(ref), "version": version} for ref, version in versions.items()]
    body = {"tasks": named} | form.body(desk.visit.clock)
    ask = Ask("tasks", f"/v1/task-{step}", method="POST", body=body, key=str(form.key.data))
    tasks = {task.task_ref: task for task in await _named(desk, versions)}
    try:
        results = (await desk.ask(ask, TaskResultListRow)).row.results
    except ServiceRefusal as refusal:
        form.refuse(refusal)
        return await _several_page(desk, versions, view, (step, form), refusal.status)
    lines = [
        TaskOutcomeLine(tasks.get(result.task_ref), "" if result.done else refusal_words(result.code))
        for result in results
    ]
    await desk.announce()
    return desk.page("tasks/results.html", lines=lines, why=why, list_place=_address(view))


async def _fits(desk: Desk, form: TaskStepForm) -> bool:
    if isinstance(form, HandOverForm):
        form.person_ref.choices = [("", ""), *(await working_colleagues(desk)).items()]
    return form.validate()


def _views_of(desk: Desk) -> dict[str, TaskView]:
    return {name: view for name, view in VIEWS.items() if desk.may(view.scope)}


def _list_page(
    desk: Desk,
    view: str,
    reply: Reply[TaskListRow] | None,
    tabs: Sequence[dict[str, object]],
    people: Mapping[str, str],
) -> Response:
    selected = VIEWS[view]
    return desk.page(
        "tasks/list.html",
        status=503 if reply is None else 200,
        view=view,
        title=translate(selected.title),
        empty=translate(selected.empty),
        views=tabs,
        tasks=None if reply is None else reply.row.tasks,
        next_href=_address(view, reply.cursor) if reply is not None and reply.cursor else "",
        people=people,
        why=why,
        soon=SOON,
        ticks=desk.may("tasks:write"),
        several=SEVERAL,
        place=TASKS,
    )


async def _tabs(desk: Desk, view: str) -> list[dict[str, object]]:
    """Return the tabs, each with the length of the list behind it; None where a length is not known."""
    views = _views_of(desk)
    counts = await asyncio.gather(*(_count(desk, entry) for entry in views.values()))
    return [
        {"href": _address(name), "text": translate(entry.title), "count": count, "current": name == view}
        for (name, entry), count in zip(views.items(), counts, strict=True)
    ]


async def _count(desk: Desk, view: TaskView) -> int | None:
    try:
        counted = await desk.read_if_there("tasks", f"{PATH}/count", CountedRow, view.query)
    except (NotAuthorised, ServiceRefusal):
        return None
    return None if counted is None else counted.row.count


async def _named(desk: Desk, versions: Mapping[UUID, int]) -> list[TaskRow]:
    """Return those of the tasks that this person may see, in the order in which they were ticked."""

    async def read(ref: UUID) -> TaskRow | None:
        try:
            return (await desk.read("tasks", f"{PATH}/{ref}", TaskRow)).row
        except Absent:
            return None

    tasks = [await read(ref) for ref in versions]
    return [task for task in tasks if task is not None]


async def _several_page(
    desk: Desk, versions: Mapping[UUID, int], view: str, sent: tuple[str, TaskStepForm] | None, status: int = 200
) -> Response:
    people = await colleague_names(desk)
    forms = {step: kind() for step, kind in STEPS.items()} | ({} if sent is None else {sent[0]: sent[1]})
    for form in forms.values():
        if isinstance(form, HandOverForm):
            form.person_ref.choices = [("", translate(mark("Nobody"))), *(await working_colleagues(desk)).items()]
    return desk.page(
        "tasks/several.html",
        status=status,
        tasks=await _named(desk, versions),
        versions=versions,
        forms=forms,
        form=None if sent is None else sent[1],
        people=people,
        why=why,
        soon=SOON,
        several=SEVERAL,
        view=view,
        list_place=_address(view),
    )


def _address(view: str, cursor: str = "") -> str:
    shown = view if view in VIEWS else "mine"
    return f"{TASKS}?{urlencode((('view', shown), *((('cursor', cursor),) if cursor else ())))}"
