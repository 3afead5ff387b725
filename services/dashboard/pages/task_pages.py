"""One task: why it is there, where it is done, and the steps with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.colleagues import colleague_names, working_colleagues
from services.dashboard.desk import AtDesk, Desk, see_other
from services.dashboard.form_instants import local_day
from services.dashboard.forms.task_forms import (
    ClaimForm,
    FlagForm,
    HandOverForm,
    SnoozeForm,
    TaskDoneForm,
    TaskStepForm,
)
from services.dashboard.language import mark, translate
from services.dashboard.navigation import TASKS
from services.dashboard.pages.task_list_pages import PATH, SOON
from services.dashboard.rows.task_rows import TaskRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router
from services.dashboard.task_words import REFUSED, refusal_words, why

STEPS: Final[Mapping[str, type[TaskStepForm]]] = {
    "claim": ClaimForm,
    "completion": TaskDoneForm,
    "snooze": SnoozeForm,
    "assignment": HandOverForm,
    "flag": FlagForm,
}
MORNING: Final = time(8)

routes = session_router(TASKS)


@routes.get("/{task_ref}")
async def show_task(desk: AtDesk, task_ref: UUID) -> Response:
    """Show why a task is there, where it is done and what can be done with it."""
    return await _page(desk, await _task(desk, task_ref), None)


@routes.post("/{task_ref}/{step}")
async def take_step(desk: AtDesk, task_ref: UUID, step: str) -> Response:
    """Take one step, or show the task as it is now with what was chosen and why it was refused."""
    if step not in STEPS:
        raise Absent
    form = await desk.submitted(STEPS[step])
    reply = await _task(desk, task_ref)
    if isinstance(form, HandOverForm):
        form.person_ref.choices = [("", ""), *(await working_colleagues(desk)).items()]
    if not form.validate():
        return await _page(desk, reply, (step, form), 422)
    body, key = form.body(desk.visit.clock) or None, str(form.key.data)
    ask = Ask("tasks", f"{PATH}/{task_ref}/{step}", method="POST", body=body, key=key, etag=str(form.etag.data or ""))
    try:
        await desk.ask(ask, TaskRow)
    except ServiceRefusal as refusal:
        if refusal.code in REFUSED:
            form.general_errors.append(refusal_words(refusal.code))
        else:
            form.refuse(refusal)
        return await _page(desk, await _task(desk, task_ref), (step, form), refusal.status)
    await desk.announce()
    return see_other(f"{TASKS}/{task_ref}", step)


async def _task(desk: Desk, task_ref: UUID) -> Reply[TaskRow]:
    return await desk.read("tasks", f"{PATH}/{task_ref}", TaskRow)


async def _page(
    desk: Desk, reply: Reply[TaskRow], sent: tuple[str, TaskStepForm] | None, status: int = 200
) -> Response:
    task, people = reply.row, await colleague_names(desk)
    forms = {name: kind() for name, kind in STEPS.items() if _possible(desk, task, name)}
    if sent is not None:
        forms[sent[0]] = sent[1]
    for form in forms.values():
        form.etag.data = reply.etag
        if isinstance(form, HandOverForm):
            form.person_ref.choices = [("", translate(mark("Nobody"))), *(await working_colleagues(desk)).items()]
        if isinstance(form, SnoozeForm) and form.until.data is None:
            form.until.data = datetime.combine(local_day(desk.visit.clock, 1), MORNING)
    return desk.page(
        "tasks/task.html",
        status=status,
        task=task,
        why=why(task),
        forms=forms,
        form=None if sent is None else sent[1],
        people=people,
        soon=SOON,
        place=f"{TASKS}/{task.task_ref}",
        list_place=TASKS,
    )


def _possible(desk: Desk, task: TaskRow, step: str) -> bool:
    """Tell whether a step is offered: whose task it is decides, and a coordinator steers the work of others."""
    if not desk.may("tasks:write") or not task.left_to_do:
        return False
    steers = desk.may("duty:write") or task.person_ref == desk.visit.person_ref
    possible = {
        "claim": task.state == "open",
        "completion": task.state == "claimed" and steers,
        "snooze": task.state in ("open", "claimed") and (task.state == "open" or steers),
        "assignment": task.state == "open" or steers,
        "flag": True,
    }
    return possible[step]
