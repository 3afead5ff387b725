"""The step before a case on which only colleagues work: why it is opened, which goes on record."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import case_code
from services.dashboard.forms.people_forms import ColleagueOpeningForm
from services.dashboard.navigation import CASES, RELEASES
from services.dashboard.places import own_page, with_query
from services.dashboard.rows.case_rows import OpenedCaseRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

routes = session_router(f"{CASES}/{{case_ref}}/opening")


@routes.get("")
async def show_step(case_ref: UUID, desk: AtDesk, to: str = "") -> Response:
    """Ask why the case is opened; nothing of it is looked up before."""
    return _page(desk, case_ref, ColleagueOpeningForm(), to)


@routes.post("")
async def open_case(case_ref: UUID, desk: AtDesk, to: str = "") -> Response:
    """Put the reason on record and lead to the page that it was asked for, or to the case."""
    form = await desk.submitted(ColleagueOpeningForm)
    if not form.validate():
        return _page(desk, case_ref, form, to, status=422)
    path, body = f"/v1/cases/{case_ref}/opening", {"reason_code": form.reason_code.data}
    try:
        await desk.ask(Ask("intake", path, method="POST", body=body, key=str(form.key.data)), OpenedCaseRow)
    except ServiceRefusal as refusal:
        return _page(desk, case_ref, form, to, status=refused(form, refusal))
    return see_other(own_page(to) or f"{CASES}/{case_ref}")


def _page(desk: Desk, case_ref: UUID, form: ColleagueOpeningForm, to: str, *, status: int = 200) -> Response:
    page = own_page(to)
    return desk.page(
        "cases/opening.html",
        status=status,
        form=form,
        code=case_code(case_ref),
        cases=CASES,
        action=with_query(desk.current_path, to=page) if page else desk.current_path,
        stop=f"{RELEASES}/{case_ref}/stop",
    )
