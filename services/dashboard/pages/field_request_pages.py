"""Requests for more than a release opens: asking, her answer, and what stands about a case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import case_code
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.field_request_forms import AskForMoreForm, DeclineFieldsForm
from services.dashboard.language import mark, translate
from services.dashboard.mail import case_file
from services.dashboard.navigation import RELEASES
from services.dashboard.releases import agencies
from services.dashboard.rows.release_rows import FieldRequestListRow, FieldRequestRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

NOT_NOW: Final = mark("She was asked five times already and has not answered. Wait for her.")
STEPS: Final = {"decline": DeclineFieldsForm, "withdrawal": DeskForm}

routes = session_router(f"{RELEASES}/{{case_ref}}/requests")


@routes.get("")
async def show_requests(case_ref: UUID, desk: AtDesk) -> Response:
    """Show what was asked about a case, and what stands to be answered."""
    return await _list_page(desk, case_ref, DeclineFieldsForm())


@routes.get("/new")
async def show_new_request(case_ref: UUID, desk: AtDesk) -> Response:
    """Show the form that asks another agency to ask her for more."""
    form = AskForMoreForm()
    await _offer(desk, case_ref, form)
    return _form_page(desk, case_ref, form)


@routes.post("/new")
async def request_fields(case_ref: UUID, desk: AtDesk) -> Response:
    """Ask for more."""
    form = await desk.submitted(AskForMoreForm)
    await _offer(desk, case_ref, form)
    if not form.validate():
        return _form_page(desk, case_ref, form, 422)
    ask = Ask("consent", _path(case_ref), method="POST", body=form.body(), key=str(form.key.data))
    try:
        await desk.ask(ask, FieldRequestRow)
    except ServiceRefusal as refusal:
        if refusal.code == "too_many_requests_open":
            form.general_errors.append(translate(NOT_NOW))
            return _form_page(desk, case_ref, form, refusal.status)
        return _form_page(desk, case_ref, form, refused(form, refusal))
    return see_other(f"{RELEASES}/{case_ref}/requests", "asked")


@routes.post("/{request_ref}/{step}")
async def end_request(case_ref: UUID, request_ref: UUID, step: str, desk: AtDesk) -> Response:
    """Record that she said no, or take a request back."""
    if step not in STEPS:
        raise Absent
    form: DeskForm = await desk.submitted(STEPS[step])
    if not form.validate():
        return await _list_page(desk, case_ref, form, 422)
    body = {"channel": form.channel.data} if isinstance(form, DeclineFieldsForm) else None
    path, etag = f"/v1/field-requests/{request_ref}/{step}", str(form.etag.data or "")
    try:
        await desk.ask(
            Ask("consent", path, method="POST", body=body, key=str(form.key.data), etag=etag), FieldRequestRow
        )
    except ServiceRefusal as refusal:
        return await _list_page(desk, case_ref, form, refused(form, refusal))
    return see_other(f"{RELEASES}/{case_ref}/requests", step)


def _path(case_ref: UUID) -> str:
    return f"/v1/cases/{case_ref}/field-requests"


async def _requests(desk: Desk, case_ref: UUID) -> Sequence[FieldRequestRow]:
    return (await desk.read("consent", _path(case_ref), FieldRequestListRow)).row.requests


async def _offer(desk: Desk, case_ref: UUID, form: AskForMoreForm) -> None:
    """Let those be asked who shared something of the case, for what this agency works for."""
    own = desk.visit.agency.agency_id
    senders = {row.sender for row in await case_file(desk, case_ref)} - {own}
    purposes = next((row.purposes for row in await agencies(desk) if row.agency_ref == own), ())
    form.offer(await desk.agency_names(senders), purposes)


async def _list_page(desk: Desk, case_ref: UUID, form: DeskForm, status: int = 200) -> Response:
    requests = await _requests(desk, case_ref)
    named = {agency for row in requests for agency in (row.custodian_ref, row.requester_ref)}
    return desk.page(
        "releases/requests.html",
        status=status,
        requests=requests,
        form=form,
        decline=form if isinstance(form, DeclineFieldsForm) else DeclineFieldsForm(),
        own=desk.visit.agency.agency_id,
        names=await desk.agency_names(named),
        case_ref=case_ref,
        code=case_code(case_ref),
        place=f"{RELEASES}/{case_ref}",
    )


def _form_page(desk: Desk, case_ref: UUID, form: AskForMoreForm, status: int = 200) -> Response:
    return desk.page(
        "releases/request.html",
        status=status,
        form=form,
        case_ref=case_ref,
        code=case_code(case_ref),
        place=f"{RELEASES}/{case_ref}",
    )
