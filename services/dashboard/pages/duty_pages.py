"""Who is on call: read by staff, and changed by administrators and coordinators."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any, Final

from starlette.responses import Response

from services.dashboard.colleagues import colleague_names
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
    """Show who is on call and when, with a form for those who may change it."""
    return await _page(desk, await _roster(desk), _new_shift(desk))


@routes.post("/shift")
async def add_shift(desk: AtDesk) -> Response:
    """Put somebody on call."""
    form = await desk.submitted(ShiftForm)
    reply = await _roster(desk)
    form.person_ref.choices = list((await colleague_names(desk)).items())
    if not form.validate():
        return await _page(desk, reply, form, 422)
    shifts = [_as_sent(shift) for shift in reply.row.shifts] + [form.shift(desk.visit.clock)]
    return await _write(desk, form, shifts, "added")


@routes.post("/removal")
async def remove_shift(desk: AtDesk) -> Response:
    """Take somebody off call: the shift that stood at this place of the roster that was seen."""
    form = await desk.submitted(RemoveShiftForm)
    reply = await _roster(desk)
    shifts = [_as_sent(shift) for place, shift in enumerate(reply.row.shifts) if str(place) != form.place.data]
    return await _write(desk, form, shifts, "removed")


async def _write(desk: Desk, form: DeskForm, shifts: list[dict[str, Any]], done: str) -> Response:
    ask = Ask("tasks", PATH, method="PUT", body={"shifts": shifts}, key=str(form.key.data), etag=str(form.etag.data))
    try:
        await desk.ask(ask, DutyRosterRow)
    except ServiceRefusal as refusal:
        codes = [error.code for error in refusal.errors if error.code in FIELDS]
        if isinstance(form, ShiftForm) and codes:
            form.refuse_shift(FIELDS[codes[0]], person=codes[0] == "no_colleague")
            return await _page(desk, await _roster(desk), form, refusal.status)
        status = refused(form, refusal)
        return await _page(desk, await _roster(desk), form, status)
    return see_other(PLACE, done)


async def _roster(desk: Desk) -> Reply[DutyRosterRow]:
    return await desk.read("tasks", PATH, DutyRosterRow)


def _new_shift(desk: Desk) -> ShiftForm:
    clock = desk.visit.clock
    starts, ends = (datetime.combine(local_day(clock, days), at) for days, at in ((0, EVENING), (1, MORNING)))
    return ShiftForm(data={"starts_at": starts, "ends_at": ends})


def _as_sent(shift: ShiftRow) -> dict[str, Any]:
    starts, ends = wire(shift.starts_at), wire(shift.ends_at)
    return {"queue": shift.queue, "person_ref": shift.person_ref, "starts_at": starts, "ends_at": ends}


async def _page(desk: Desk, reply: Reply[DutyRosterRow], form: DeskForm, status: int = 200) -> Response:
    people = await colleague_names(desk)
    shift = form if isinstance(form, ShiftForm) else _new_shift(desk)
    shift.person_ref.choices = list(people.items())
    shift.etag.data = reply.etag
    removal = RemoveShiftForm()
    removal.etag.data = reply.etag
    return desk.page(
        "tasks/duty.html",
        status=status,
        roster=reply.row,
        people=people,
        form=form,
        shift=shift,
        removal=removal,
        writes=desk.may("duty:write"),
        place=PLACE,
        list_place=TASKS,
    )
