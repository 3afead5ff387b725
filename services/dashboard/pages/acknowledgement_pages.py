"""Who was told to stop using what of a case, and who has confirmed it; an agency confirms for itself here."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import case_code
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.navigation import RELEASES
from services.dashboard.rows.release_rows import AcknowledgementListRow, AcknowledgementRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

WORD: Final = "acknowledgements"

routes = session_router(f"{RELEASES}/{{case_ref}}/{WORD}")


@routes.get("")
async def show_acknowledgements(case_ref: UUID, desk: AtDesk) -> Response:
    """Show the ends of releases that somebody was told of, and which of them were confirmed."""
    return await _page(desk, case_ref, DeskForm())


@routes.post("/{directive_ref}")
async def acknowledge(case_ref: UUID, directive_ref: UUID, desk: AtDesk) -> Response:
    """Confirm that this agency uses its copy no more."""
    form = await desk.submitted(DeskForm)
    if not form.validate():
        return await _page(desk, case_ref, form, 422)
    path = f"/v1/directives/{directive_ref}/acknowledgement"
    try:
        await desk.ask(Ask("consent", path, method="POST", key=str(form.key.data)), AcknowledgementRow)
    except ServiceRefusal as refusal:
        return await _page(desk, case_ref, form, refused(form, refusal))
    return see_other(f"{RELEASES}/{case_ref}/{WORD}", "acknowledged")


async def _page(desk: Desk, case_ref: UUID, form: DeskForm, status: int = 200) -> Response:
    reply = await desk.read("consent", f"/v1/cases/{case_ref}/{WORD}", AcknowledgementListRow)
    endings, own = reply.row.acknowledgements, desk.visit.agency.agency_id
    place = f"{RELEASES}/{case_ref}"
    return desk.page(
        "releases/acknowledgements.html",
        status=status,
        received=[row for row in endings if row.recipient_ref == own],
        sent=[row for row in endings if row.recipient_ref != own],
        form=form,
        names=await desk.agency_names({ref for row in endings for ref in (row.custodian_ref, row.recipient_ref)}),
        code=case_code(case_ref),
        place=place,
        here=f"{place}/{WORD}",
    )
