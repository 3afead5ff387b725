"""Sending a referral from a case: to an agency by name, or written down as told to the survivor."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import case_code
from services.dashboard.forms.referral_forms import NewReferralForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import CASES, REFERRALS
from services.dashboard.pages.referral_list_pages import PATH
from services.dashboard.rows.receiver_rows import ReceiverListRow, ReceiverRow
from services.dashboard.rows.referral_rows import ReferralDetailRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

NEW: Final = f"{REFERRALS}/new"
MOST_PAGES: Final = 10

routes = session_router(REFERRALS)


@routes.get("/new")
async def show_new_referral(desk: AtDesk, case: UUID | None = None, follows: UUID | None = None) -> Response:
    """Show the form that sends a referral of a case."""
    return await _page(desk, NewReferralForm(), case, follows)


@routes.post("/new")
async def send_referral(desk: AtDesk, case: UUID, follows: UUID | None = None) -> Response:
    """Send a referral under the survivor's release, or log one that she takes along."""
    form = await desk.submitted(NewReferralForm)
    if not form.validate():
        return await _page(desk, form, case, follows, status=422)
    body = form.body(str(case), str(follows) if follows else "")
    ask = Ask("referrals", PATH, method="POST", body=body, key=str(form.key.data))
    try:
        sent = (await desk.ask(ask, ReferralDetailRow)).row
    except ServiceRefusal as refusal:
        return await _page(desk, form, case, follows, status=refused(form, refusal))
    return see_other(f"{REFERRALS}/{sent.referral_ref}", "sent")


async def _page(
    desk: Desk, form: NewReferralForm, case: UUID | None, follows: UUID | None, status: int = 200
) -> Response:
    receivers = [] if case is None else await _receivers(desk)
    form.to_agency_ref.choices = [
        ("", translate(mark("Choose one"))),
        *((row.agency_ref, row.name) for row in receivers),
    ]
    return desk.page(
        "referrals/new.html",
        status=status,
        form=form,
        case=case,
        code="" if case is None else case_code(case),
        action=f"{NEW}?case={case}" + (f"&follows={follows}" if follows else ""),
        follows=follows,
        case_place=CASES if case is None else f"{CASES}/{case}",
        cases=CASES,
    )


async def _receivers(desk: Desk) -> list[ReceiverRow]:
    """Return the agencies that a referral may be sent to: all that are active, but for this one."""
    rows: list[ReceiverRow] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        query = (("limit", "200"), *([] if cursor is None else [("cursor", cursor)]))
        reply = await desk.read("consent", "/v1/agencies", ReceiverListRow, query)
        rows += reply.row.agencies
        cursor = reply.cursor
        if cursor is None:
            break
    return [row for row in rows if row.agency_ref != desk.visit.agency.agency_id]
