"""Shutting a colleague out of a case, by true name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from starlette.responses import Response

from services.dashboard.desk import AtDesk, Desk, refused
from services.dashboard.domain import case_code
from services.dashboard.forms.people_forms import ExclusionForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import CASES
from services.dashboard.rows.case_rows import ColleagueListRow, OpenedCaseRow
from services.dashboard.rows.service_row import ServiceRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

MOST_COLLEAGUES: Final = "200"

routes = session_router(f"{CASES}/{{case_ref}}/exclusion")


class ExclusionRow(ServiceRow):
    """A denial that is in force."""

    directive_ref: UUID
    in_force: bool


@routes.get("")
async def show_exclusion(case_ref: UUID, desk: AtDesk) -> Response:
    """Show who could be shut out of the case; a case that its reader may not see is absent."""
    await desk.read("intake", f"/v1/cases/{case_ref}", OpenedCaseRow)
    return _page(desk, case_ref, _with_choices(ExclusionForm(), await _colleagues(desk)))


@routes.post("")
async def exclude_colleague(case_ref: UUID, desk: AtDesk) -> Response:
    """Shut the colleague out: with the answer they find nothing of the survivor."""
    form, names = await desk.submitted(ExclusionForm), await _colleagues(desk)
    _with_choices(form, names)
    if not form.validate():
        return _page(desk, case_ref, form, status=422)
    body, key = {"person_ref": form.person_ref.data}, str(form.key.data)
    path = f"/v1/cases/{case_ref}/exclusions"
    try:
        await desk.ask(Ask("consent", path, method="POST", body=body, key=key), ExclusionRow)
    except ServiceRefusal as refusal:
        return _page(desk, case_ref, form, status=refused(form, refusal))
    await desk.announce(case_ref)  # their open lists lose the row, and their open page of the case its fields
    name = names.get(form.person_ref.data, form.person_ref.data)
    return desk.page("cases/excluded.html", code=case_code(case_ref), name=name, cases=CASES)


async def _colleagues(desk: Desk) -> dict[str, str]:
    """Return the true names of the agency's own people by their references."""
    reply = await desk.read("intake", "/v1/colleagues", ColleagueListRow, (("limit", MOST_COLLEAGUES),))
    return {person.person_ref: person.name for person in reply.row.colleagues}


def _with_choices(form: ExclusionForm, names: Mapping[str, str]) -> ExclusionForm:
    form.person_ref.choices = [("", translate(mark("Choose a colleague"))), *names.items()]
    return form


def _page(desk: Desk, case_ref: UUID, form: ExclusionForm, *, status: int = 200) -> Response:
    code = case_code(case_ref)
    return desk.page("cases/exclusion.html", status=status, form=form, code=code, back=f"{CASES}/{case_ref}")
