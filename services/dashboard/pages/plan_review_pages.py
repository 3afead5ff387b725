"""What a safety plan learns from: reviews of it, and near misses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import PlanStatus, ReviewTrigger
from services.dashboard.colleagues import colleague_names
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.form_instants import local_day
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.plan_forms import NearMissForm, ReviewForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import CASES
from services.dashboard.opened_fields import FieldReader
from services.dashboard.own_records import open_own
from services.dashboard.rows.case_rows import CaseRow, NearMissListRow, NearMissRow, PlanRow
from services.dashboard.rows.task_rows import TaskListRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import SignedIn, session_router

NO_REASON: Final = mark("Say why nothing changes after a near miss.")
YET_TO_COME: Final = mark("This day is yet to come. Check it.")
REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "reason_needed": ("changes", NO_REASON),
    "yet_to_come": ("held_on", YET_TO_COME),
}

routes = session_router(f"{CASES}/{{case_ref}}")


@routes.get("/plan/review")
async def show_review(case_ref: UUID, desk: AtDesk) -> Response:
    """Show the form of a review, with what it is about."""
    case = await _case_with_plan(desk, case_ref)
    plan = case.plan
    form = ReviewForm(
        data={
            "held_on": local_day(desk.visit.clock),
            "trigger": await _trigger(desk, case_ref),
            "attendees": [desk.visit.person_ref],
            "etag": "" if plan is None else plan.etag,
        }
    )
    return await _form_page(desk, case, form, "review")


@routes.post("/plan/review")
async def record_review(case_ref: UUID, desk: AtDesk) -> Response:
    """Record that the plan was looked at again and stands."""
    form = await desk.submitted(ReviewForm)
    case = await _case_with_plan(desk, case_ref)
    form.attendees.choices = list((await colleague_names(desk)).items())
    path = f"/v1/cases/{case_ref}/plans/reviews"
    return await _sent(desk, case, form, path, form.body, "review", "reviewed")


@routes.get("/near-misses")
async def show_near_misses(case_ref: UUID, desk: AtDesk) -> Response:
    """Show how many near misses the case has and which were reviewed; what was told is opened by a step."""
    return await _near_misses_page(desk, case_ref, None)


@routes.get("/near-misses/opening")
async def return_to_near_misses(case_ref: UUID, _: SignedIn) -> Response:
    """Lead whoever signed in again to the list: an opening is not asked for again."""
    return see_other(f"{CASES}/{case_ref}/near-misses")


@routes.post("/near-misses/opening")
async def open_near_misses(case_ref: UUID, desk: AtDesk) -> Response:
    """Open what was told of the near misses: the look is on record."""
    await desk.submitted(DeskForm)
    records = await open_own(desk, case_ref, "near_miss")
    opened = {str(record.fields.get("near_miss_ref", "")): record.categories for record in records}
    return await _near_misses_page(desk, case_ref, opened)


@routes.get("/near-misses/new")
async def show_new_near_miss(case_ref: UUID, desk: AtDesk) -> Response:
    """Show the form of a near miss."""
    return await _form_page(desk, await _case(desk, case_ref), NearMissForm(), "near_miss")


@routes.post("/near-misses/new")
async def log_near_miss(case_ref: UUID, desk: AtDesk) -> Response:
    """Log a near miss: the plan is to be looked at the same day."""
    form = await desk.submitted(NearMissForm)
    case = await _case(desk, case_ref)
    path = f"/v1/cases/{case_ref}/near-misses"
    return await _sent(desk, case, form, path, form.body, "near_miss", "logged")


async def _sent(
    desk: Desk, case: CaseRow, form: ReviewForm | NearMissForm, path: str, body: Any, kind: str, done: str
) -> Response:
    if not form.validate():
        return await _form_page(desk, case, form, kind, 422)
    ask = Ask("intake", path, method="POST", body=body(), key=str(form.key.data), etag=str(form.etag.data or ""))
    try:
        await desk.ask(ask, PlanRow if kind == "review" else NearMissRow)
    except ServiceRefusal as refusal:
        name, text = REFUSED.get(refusal.code, ("", ""))
        field = "happened_on" if kind == "near_miss" and name else name
        if not field:
            return await _form_page(desk, case, form, kind, refused(form, refusal))
        form[field].errors = [*form[field].errors, translate(text)]
        return await _form_page(desk, case, form, kind, refusal.status)
    return see_other(f"{CASES}/{case.case_ref}" + ("/near-misses" if kind == "near_miss" else ""), done)


async def _case(desk: Desk, case_ref: UUID) -> CaseRow:
    return (await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)).row


async def _case_with_plan(desk: Desk, case_ref: UUID) -> CaseRow:
    case = await _case(desk, case_ref)
    if case.plan is None or case.plan.status != PlanStatus.ACTIVE:
        raise Absent
    return case


async def _trigger(desk: Desk, case_ref: UUID) -> str:
    """Return what the plan is to be reviewed after, as the open task has it; asked for where there is none."""
    query = (("case_ref", str(case_ref)), ("reason", "plan_review"))
    reply = await desk.read_if_there("tasks", "/v1/tasks", TaskListRow, query)
    tasks = () if reply is None else reply.row.tasks
    return str(next((task.trigger for task in tasks if task.trigger), ReviewTrigger.ASKED))


async def _near_misses_page(
    desk: Desk, case_ref: UUID, opened: Mapping[str, Mapping[str, Mapping[str, Any]]] | None
) -> Response:
    case = await _case(desk, case_ref)
    rows = (await desk.read("intake", f"/v1/cases/{case_ref}/near-misses", NearMissListRow)).row.near_misses
    return desk.page(
        "cases/near_misses.html",
        case=case,
        near_misses=rows,
        opened=opened,
        reader=FieldReader(desk.visit.clock, {}),
        form=DeskForm(),
        place=f"{CASES}/{case_ref}",
    )


async def _form_page(
    desk: Desk, case: CaseRow, form: ReviewForm | NearMissForm, kind: str, status: int = 200
) -> Response:
    if isinstance(form, ReviewForm):
        form.attendees.choices = list((await colleague_names(desk)).items())
    return desk.page(
        "cases/plan_step.html", status=status, case=case, form=form, kind=kind, place=f"{CASES}/{case.case_ref}"
    )
