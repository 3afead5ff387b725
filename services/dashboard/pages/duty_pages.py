"""Who is on call: read by staff, and changed by administrators and coordinators."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Final

from starlette.responses import Response

from services.dashboard.colleagues import colleague_names, working_colleagues
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.form_instants import local_day, wire
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.task_forms import RemoveShiftForm, ShiftForm
from services.dashboard.language import mark
from services.dashboard.navigation import TASKS
from services.dashboard.rows.task_rows import DutyRosterRow, ShiftRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

PLACE: Final = f"{TASKS}/duty"
PATH: Final = "/v1/duty-roster"
EVENING: Final = time(18)
MORNING: Final = time(8)
FIELDS: Final = {
    "overlap": mark("Somebody is on call for these tasks at that time already."),
    "not_within_7_days": mark("A shift ends after it begins, and lasts 7 days at most."),
    "no_colleague": mark("This colleague does not do these tasks."),
}

routes = session_router(PLACE)


@routes.get("")
async def show_roster(desk: AtDesk) -> Response:
    """Show who is on call and when, with what changes it for those who may."""
    return await _roster_page(desk, await _roster(desk), RemoveShiftForm())


@routes.get("/shift")
async def show_new_shift(desk: AtDesk) -> Response:
    """Show the form that puts somebody on call."""
    clock = desk.visit.clock
    starts, ends = (datetime.combine(local_day(clock, days), at) for days, at in ((0, EVENING), (1, MORNING)))
    return await _shift_page(desk, ShiftForm(data={"starts_at": starts, "ends_at": ends}), await _roster(desk))


@routes.post("/shift")
async def add_shift(desk: AtDesk) -> Response:
    """Put somebody on call."""
    form = await desk.submitted(ShiftForm)
    reply = await _roster(desk)
    form.person_ref.choices = list((await working_colleagues(desk)).items())
    if not form.validate():
        return await _shift_page(desk, form, reply, 422)
    shifts = [_as_sent(shift) for shift in reply.row.shifts] + [form.shift(desk.visit.clock)]
    try:
        await _write(desk, form, shifts)
    except ServiceRefusal as refusal:
        codes = [error.code for error in refusal.errors if error.code in FIELDS]
        if codes:
            form.refuse_shift(FIELDS[codes[0]], person=codes[0] == "no_colleague")
        status = refusal.status if codes else refused(form, refusal)
        return await _shift_page(desk, form, await _roster(desk), status)
    return see_other(PLACE, "added")


@routes.post("/removal")
async def remove_shift(desk: AtDesk) -> Response:
    """Take somebody off call: the shift that stood at this place of the roster that was seen."""
    form = await desk.submitted(RemoveShiftForm)
    reply = await _roster(desk)
    shifts = [_as_sent(shift) for place, shift in enumerate(reply.row.shifts) if str(place) != form.place.data]
    try:
        await _write(desk, form, shifts)
    except ServiceRefusal as refusal:
        status = refused(form, refusal)
        return await _roster_page(desk, await _roster(desk), form, status)
    return see_other(PLACE, "removed")


async def _write(desk: Desk, form: DeskForm, shifts: list[dict[str, Any]]) -> None:
    ask = Ask("tasks", PATH, method="PUT", body={"shifts": shifts}, key=str(form.key.data), etag=str(form.etag.data))
    await desk.ask(ask, DutyRosterRow)


async def _roster(desk: Desk) -> Reply[DutyRosterRow]:
    return await desk.read("tasks", PATH, DutyRosterRow)


def _as_sent(shift: ShiftRow) -> dict[str, Any]:
    starts, ends = wire(shift.starts_at), wire(shift.ends_at)
    return {"queue": shift.queue, "person_ref": shift.person_ref, "starts_at": starts, "ends_at": ends}


async def _roster_page(desk: Desk, reply: Reply[DutyRosterRow], form: RemoveShiftForm, status: int = 200) -> Response:
    form.etag.data = reply.etag
    return desk.page(
        "tasks/duty.html",
        status=status,
        roster=reply.row,
        people=await colleague_names(desk),
        form=form,
        writes=desk.may("duty:write"),
        place=PLACE,
        list_place=TASKS,
    )


async def _shift_page(desk: Desk, form: ShiftForm, reply: Reply[DutyRosterRow], status: int = 200) -> Response:
    form.person_ref.choices = list((await working_colleagues(desk)).items())
    form.etag.data = reply.etag
    return desk.page("tasks/shift.html", status=status, form=form, place=PLACE)
