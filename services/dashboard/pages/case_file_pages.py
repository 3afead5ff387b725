"""One case: what stands of it, and what the agency decides about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from starlette.responses import Response

from services.dashboard.colleagues import colleague_names
from services.dashboard.conflicts import OVERTAKEN, filled_in
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.case_forms import AssignmentForm, ClosingForm, NicknameForm, ReopeningForm
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.mail import case_file
from services.dashboard.navigation import CASES
from services.dashboard.pages.task_list_pages import PATH, SOON, WEEK
from services.dashboard.rows.case_rows import CaseRow, OpenedCaseRow
from services.dashboard.rows.mail_rows import MailRow
from services.dashboard.rows.task_rows import TaskListRow, TaskRow
from services.dashboard.service_client import Ask, NotAuthorised, ServiceRefusal, ServiceUnavailable
from services.dashboard.session_auth import session_router
from services.dashboard.task_words import why

CaseForm = TypeVar("CaseForm", bound=DeskForm)
Pairs = tuple[tuple[str, str], ...]  # labels and texts

routes = session_router(f"{CASES}/{{case_ref}}")


@routes.get("")
async def show_case(case_ref: UUID, desk: AtDesk) -> Response:
    """Show where a case stands: its people, its incidents, its plan, and what its file holds."""
    case, people, records, tasks = await asyncio.gather(
        _case(desk, case_ref), colleague_names(desk), _records(desk, case_ref), _tasks(desk, case_ref)
    )
    week_ends_at = desk.visit.clock.at + WEEK
    return desk.page(
        "cases/case.html",
        live_address=desk.live_address(case_ref),
        case=case,
        assigned=", ".join(people.get(ref, ref) for ref in case.assigned_to),
        records=records,
        tasks=None if tasks is None else [task for task in tasks if task.due_at < week_ends_at],
        later=[task for task in tasks or () if task.due_at >= week_ends_at],
        people=people,
        why=why,
        soon=SOON,
        agencies=await desk.agency_names(record.sender for record in records or ()),
        form=DeskForm(),
        place=f"{CASES}/{case_ref}",
        cases=CASES,
    )


@routes.get("/assignment")
async def show_assignment(case_ref: UUID, desk: AtDesk) -> Response:
    """Show who works on a case, to be changed."""
    case = await _case(desk, case_ref)
    form = AssignmentForm(data={"person_refs": list(case.assigned_to), "etag": case.etag})
    return await _change_page(desk, case, form, "assignment")


@routes.post("/assignment")
async def assign_case(case_ref: UUID, desk: AtDesk) -> Response:
    """Say who works on a case from now on."""
    form = await desk.submitted(AssignmentForm)
    form.person_refs.choices = list((await colleague_names(desk)).items())
    body = {"person_refs": form.person_refs.data or []}
    return await _change(desk, case_ref, form, "PUT", "assignment", body, "assigned")


@routes.get("/nickname")
async def show_nickname(case_ref: UUID, desk: AtDesk) -> Response:
    """Show what the agency's own people call a case, to be changed."""
    case = await _case(desk, case_ref)
    return await _change_page(
        desk, case, NicknameForm(data={"nickname": case.nickname or "", "etag": case.etag}), "nickname"
    )


@routes.post("/nickname")
async def name_case(case_ref: UUID, desk: AtDesk) -> Response:
    """Say what the agency's own people call a case."""
    form = await desk.submitted(NicknameForm)
    return await _change(desk, case_ref, form, "PUT", "nickname", {"nickname": form.nickname.data}, "named")


@routes.get("/closing")
async def show_closing(case_ref: UUID, desk: AtDesk) -> Response:
    """Ask why a case closes."""
    case = await _case(desk, case_ref)
    return await _change_page(desk, case, ClosingForm(data={"etag": case.etag}), "closing")


@routes.post("/closing")
async def close_case(case_ref: UUID, desk: AtDesk) -> Response:
    """Close a case for the agency's own desk."""
    form = await desk.submitted(ClosingForm)
    return await _change(desk, case_ref, form, "POST", "closing", {"reason_code": form.reason_code.data}, "closed")


@routes.get("/reopening")
async def show_reopening(case_ref: UUID, desk: AtDesk) -> Response:
    """Ask whether a closed case is worked on again."""
    case = await _case(desk, case_ref)
    return await _change_page(desk, case, ReopeningForm(data={"etag": case.etag}), "reopening")


@routes.post("/reopening")
async def reopen_case(case_ref: UUID, desk: AtDesk) -> Response:
    """Work on a closed case again."""
    form = await desk.submitted(ReopeningForm)
    return await _change(desk, case_ref, form, "POST", "reopening", None, "reopened")


async def _case(desk: Desk, case_ref: UUID) -> CaseRow:
    return (await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)).row


async def _records(desk: Desk, case_ref: UUID) -> Sequence[MailRow] | None:
    """Return the case's file, newest first; None where it cannot be read just now."""
    try:
        return tuple(reversed(await case_file(desk, case_ref)))
    except (ServiceUnavailable, NotAuthorised):
        return None


async def _tasks(desk: Desk, case_ref: UUID) -> Sequence[TaskRow] | None:
    """Return what is to be done in the case, what is due first on top; None where that cannot be read just now."""
    if not desk.may("tasks:read"):
        return ()
    reply = await desk.read_if_there("tasks", PATH, TaskListRow, (("case_ref", str(case_ref)), ("limit", "200")))
    return None if reply is None else reply.row.tasks


async def _change(
    desk: Desk, case_ref: UUID, form: CaseForm, method: str, act: str, body: dict[str, Any] | None, done: str
) -> Response:
    """Carry a form out; what is refused is shown on it, with the version of now where the case had changed."""
    if not form.validate():
        return await _refused_page(desk, case_ref, form, act, 422)
    path = f"/v1/cases/{case_ref}/{act}"
    ask = Ask("intake", path, method=method, body=body, key=str(form.key.data), etag=str(form.etag.data or ""))
    try:
        await desk.ask(ask, OpenedCaseRow)
    except ServiceRefusal as refusal:
        sent = filled_in(form) if refusal.status in OVERTAKEN else ()
        return await _refused_page(desk, case_ref, form, act, refused(form, refusal), sent)
    await desk.announce(case_ref)
    return see_other(f"{CASES}/{case_ref}", done)


async def _refused_page(
    desk: Desk, case_ref: UUID, form: DeskForm, act: str, status: int, sent: Pairs = ()
) -> Response:
    case = await _case(desk, case_ref)
    form.etag.data = case.etag
    return await _change_page(desk, case, form, act, status, sent)


async def _change_page(
    desk: Desk, case: CaseRow, form: DeskForm, act: str, status: int = 200, sent: Pairs = ()
) -> Response:
    """Return the page of a change; where somebody overtook it, what was `sent` stands beside the case as it is now."""
    place, people = f"{CASES}/{case.case_ref}", await colleague_names(desk)
    if isinstance(form, AssignmentForm):
        form.person_refs.choices = list(people.items())
    assigned = ", ".join(people.get(ref, ref) for ref in case.assigned_to)
    context = {"case": case, "form": form, "act": act, "sent": sent, "assigned": assigned, "place": place}
    return desk.page("cases/change.html", status=status, **context)
