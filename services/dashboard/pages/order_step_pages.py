"""The steps of an order, one form each: issued, changed, served, broken, heard, ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.conflicts import OVERTAKEN, filled_in
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.form_instants import local_day, local_now
from services.dashboard.forms.order_forms import (
    EndForm,
    HearingForm,
    IssueForm,
    ModifyForm,
    ServeForm,
    Step,
    ViolationForm,
)
from services.dashboard.language import mark, translate
from services.dashboard.navigation import ORDERS
from services.dashboard.pages.order_pages import BRIDGE, PATH
from services.dashboard.rows.order_rows import OrderStateRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

routes = session_router(f"{ORDERS}/{{order_ref}}")


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step: its form, its heading, what its button says, and what to know beforehand."""

    form: type[Step]
    title: str
    button: str
    hint: str


STEPS: Final[Mapping[str, OrderStep]] = {
    "issuance": OrderStep(
        IssueForm,
        mark("The court issued it"),
        mark("Record what was issued"),
        mark("It is to be served anew. Respondents who are named already stay named."),
    ),
    "modification": OrderStep(
        ModifyForm,
        mark("It was changed"),
        mark("Record the change"),
        mark("What is left empty stays as it was. Changed terms are to be served anew."),
    ),
    "service": OrderStep(
        ServeForm, mark("Service"), mark("Record it"), mark("Take it in hand first; then say how it went.")
    ),
    "violation": OrderStep(
        ViolationForm, mark("It was broken"), mark("Record the violation"), mark("The order stays in force.")
    ),
    "hearing": OrderStep(
        HearingForm,
        mark("Hearing"),
        mark("Record the hearing"),
        mark("Whoever a release lets know hears of the new date."),
    ),
    "end": OrderStep(
        EndForm,
        mark("It has ended"),
        mark("Record the end"),
        mark("Releases that end with the order end at once, too."),
    ),
}


@routes.get("/step/{step}")
async def show_step(desk: AtDesk, order_ref: UUID, step: str) -> Response:
    """Show the form of a step."""
    if step not in STEPS:
        raise Absent
    reply = await _order(desk, order_ref)
    form = STEPS[step].form()
    form.etag.data = reply.etag
    _first_guess(desk, form)
    return _step_page(desk, step, reply.row, form)


@routes.post("/step/{step}")
async def take_step(desk: AtDesk, order_ref: UUID, step: str) -> Response:
    """Record a step; where somebody changed the order meanwhile, both are shown and what was typed is kept."""
    if step not in STEPS:
        raise Absent
    form: Step = await desk.submitted(STEPS[step].form)
    reply = await _order(desk, order_ref)
    if not form.validate():
        return _step_page(desk, step, reply.row, form, 422)
    body, key = form.body(desk.visit.clock), str(form.key.data)
    ask = Ask(BRIDGE, f"{PATH}/{order_ref}/{step}", method="POST", body=body, key=key, etag=str(form.etag.data))
    try:
        await desk.ask(ask, OrderStateRow)
    except ServiceRefusal as refusal:
        reply = await _order(desk, order_ref)
        form.etag.data = reply.etag
        stale = refusal.status in OVERTAKEN
        return _step_page(desk, step, reply.row, form, refused(form, refusal), stale=stale)
    return see_other(f"{ORDERS}/{order_ref}", step)


async def _order(desk: Desk, order_ref: UUID) -> Reply[OrderStateRow]:
    return await desk.read(BRIDGE, f"{PATH}/{order_ref}", OrderStateRow)


def _first_guess(desk: Desk, form: Step) -> None:
    if isinstance(form, ServeForm):
        form.served_at.data = local_now(desk.visit.clock)
    if isinstance(form, ViolationForm):
        form.violated_on.data = local_day(desk.visit.clock)
    if isinstance(form, EndForm):
        form.ended_on.data = local_day(desk.visit.clock)


def _step_page(
    desk: Desk, step: str, order: OrderStateRow, form: Step, status: int = 200, *, stale: bool = False
) -> Response:
    if isinstance(form, ServeForm):
        form.offer([line.respondent_ref for line in order.service])
    entry = STEPS[step]
    return desk.page(
        "orders/step.html",
        status=status,
        step=entry,
        title=translate(entry.title),
        order=order,
        form=form,
        sent=filled_in(form) if stale else (),
        today=local_day(desk.visit.clock),
        place=f"{ORDERS}/{order.order_ref}",
    )
