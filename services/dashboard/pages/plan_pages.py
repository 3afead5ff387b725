"""A safety plan: read and changed section by section, each look an opening of the agency's own record."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from schemas.codes import PlanStatus
from services.dashboard.conflicts import OVERTAKEN, FieldConflict, conflicts_between
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.plan_forms import PlanForm, plan_values
from services.dashboard.navigation import CASES
from services.dashboard.own_records import open_own
from services.dashboard.rows.case_rows import CaseRow, PlanRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import SignedIn, session_router

REVIEWED: Final = "accord.safety_plan.reviewed."  # says that the version stands, and not what is in it

routes = session_router(f"{CASES}/{{case_ref}}/plan")


@routes.get("")
async def show_plan(case_ref: UUID, desk: AtDesk) -> Response:
    """Show where the plan stands: to open it is a step of its own, as the look is on record."""
    case = await _case(desk, case_ref)
    # A draft holds what was opened to be changed: it is gone on with by whoever can open that now, on record.
    if case.plan is None or (desk.drafts.fields is not None and await _newest(desk, case_ref)):
        return _editor(desk, case, PlanForm())
    return desk.page("cases/plan.html", case=case, form=DeskForm(), place=f"{CASES}/{case_ref}")


@routes.get("/opening")
async def return_to_plan(case_ref: UUID, _: SignedIn) -> Response:
    """Lead whoever signed in again to the page that offers their unsaved work: an opening is not asked for again."""
    return see_other(f"{CASES}/{case_ref}/plan")


@routes.post("/opening")
async def open_plan(case_ref: UUID, desk: AtDesk) -> Response:
    """Open the plan as it is now, and show it to be read, changed and printed."""
    await desk.submitted(DeskForm)
    case = await _case(desk, case_ref)
    recorded = await _newest(desk, case_ref)
    return _editor(desk, case, PlanForm(data=plan_values(recorded) | {"etag": _etag(case)}))


@routes.post("")
async def write_plan(case_ref: UUID, desk: AtDesk) -> Response:
    """Keep the form as the plan's next version."""
    form = await desk.submitted(PlanForm)
    case = await _case(desk, case_ref)
    recorded = {} if case.plan is None else await _newest(desk, case_ref)
    form.keep_others(PlanForm(data=plan_values(recorded)))
    if not form.validate():
        return _editor(desk, case, form, 422)
    body = form.body(recorded)
    path, key, etag = f"/v1/cases/{case_ref}/plans", str(form.key.data), str(form.etag.data or "")
    try:
        await desk.ask(Ask("intake", path, method="POST", body=body, key=key, etag=etag), PlanRow)
    except ServiceRefusal as refusal:
        return await _refused_page(desk, case, form, refusal)
    return see_other(f"{CASES}/{case_ref}", "planned")


async def _refused_page(desk: Desk, case: CaseRow, form: PlanForm, refusal: ServiceRefusal) -> Response:
    """Show the form with what was typed; above it, field by field, what somebody else saved meanwhile."""
    status, case = refused(form, refusal), await _case(desk, case.case_ref)
    if refusal.status not in OVERTAKEN or case.plan is None:
        return _editor(desk, case, form, status)
    theirs = PlanForm(data=plan_values(await _newest(desk, case.case_ref)))
    form.etag.data = _etag(case)
    return _editor(desk, case, form, status, conflicts_between(form, theirs, {"closed"}))


def _etag(case: CaseRow) -> str:
    """Return the version that a change names; none where the next plan is a new one."""
    return case.plan.etag if case.plan is not None and case.plan.status == PlanStatus.ACTIVE else ""


async def _case(desk: Desk, case_ref: UUID) -> CaseRow:
    return (await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)).row


async def _newest(desk: Desk, case_ref: UUID) -> dict[str, Any]:
    """Return the fields of the plan's newest version that can be opened; none where nothing can."""
    records = await open_own(desk, case_ref, "safety_plan")
    opened = [record.fields for record in records if not record.type.startswith(REVIEWED)]
    return max(opened, key=lambda fields: int(fields.get("version", 0)), default={})


def _editor(
    desk: Desk, case: CaseRow, form: PlanForm, status: int = 200, conflicts: tuple[FieldConflict, ...] = ()
) -> Response:
    place = f"{CASES}/{case.case_ref}"
    context = {"case": case, "form": form, "conflicts": conflicts, "place": place}
    return desk.page("cases/plan_editor.html", status=status, **context)
