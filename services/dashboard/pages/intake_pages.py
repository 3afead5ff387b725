"""Intake on one screen: a case and what was told, another incident, and a correction of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import IncidentChange
from services.dashboard.conflicts import OVERTAKEN, FieldConflict, conflicts_between
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.incident_forms import IncidentForm, IntakeForm, incident_values
from services.dashboard.navigation import CASES
from services.dashboard.own_records import open_own
from services.dashboard.rows.case_rows import CaseRow, IncidentRow, OpenedCaseRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import SignedIn, session_router

routes = session_router(CASES)


@routes.get("/new")
async def show_intake(desk: AtDesk) -> Response:
    """Show the screen that opens a case and writes down what is told."""
    return _intake_page(desk, IntakeForm())


@routes.post("/new")
async def open_case(desk: AtDesk) -> Response:
    """Open a case, and write down what was told, if anything was."""
    form = await desk.submitted(IntakeForm)
    if not form.validate():
        return _intake_page(desk, form, status=422)
    ask = Ask("intake", "/v1/cases", method="POST", body={}, key=str(form.key.data))
    try:
        case_ref = (await desk.ask(ask, OpenedCaseRow)).row.case_ref
    except ServiceRefusal as refusal:
        return _intake_page(desk, form, status=refused(form, refusal))
    await desk.announce(case_ref)
    return await _write_down(desk, case_ref, form)


@routes.get("/{case_ref}/intake")
async def show_case_intake(case_ref: UUID, desk: AtDesk) -> Response:
    """Show the same screen for a case that is open already."""
    await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)
    return _intake_page(desk, IntakeForm(), case_ref)


@routes.post("/{case_ref}/intake")
async def write_case_intake(case_ref: UUID, desk: AtDesk) -> Response:
    """Write down what was told in a case that is open already."""
    form = await desk.submitted(IntakeForm)
    if not form.validate():
        return _intake_page(desk, form, case_ref, status=422)
    return await _write_down(desk, case_ref, form)


@routes.post("/{case_ref}/incidents/{incident_ref}/correction")
async def show_correction(case_ref: UUID, incident_ref: UUID, desk: AtDesk) -> Response:
    """Open an incident of the agency's own and show it as a form, to be kept as its next version."""
    await desk.submitted(DeskForm)
    recorded = await _newest(desk, case_ref, incident_ref)
    form = IncidentForm(data=incident_values(recorded) | {"etag": _etag(recorded)})
    return _correction_page(desk, case_ref, incident_ref, form)


@routes.get("/{case_ref}/incidents/{incident_ref}/correction")
async def return_to_correction(case_ref: UUID, incident_ref: UUID, _: SignedIn) -> Response:
    """Lead whoever signed in again to the page that offers their unsaved work: an opening is not asked for again."""
    return see_other(f"{CASES}/{case_ref}/incidents/{incident_ref}/versions")


@routes.get("/{case_ref}/incidents/{incident_ref}/versions")
async def show_correction_drafts(case_ref: UUID, incident_ref: UUID, desk: AtDesk) -> Response:
    """Show what was typed and not sent; it holds what was opened, so that going on with it opens that again."""
    case = (await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)).row
    if incident_ref not in {incident.incident_ref for incident in case.incidents}:
        raise Absent
    if desk.drafts.fields is not None and await _newest(desk, case_ref, incident_ref):
        return _correction_page(desk, case_ref, incident_ref, IncidentForm())
    act = f"{CASES}/{case_ref}/incidents/{incident_ref}/correction"
    return desk.page("cases/incident.html", case=case, form=DeskForm(), act=act, place=f"{CASES}/{case_ref}")


@routes.post("/{case_ref}/incidents/{incident_ref}/versions")
async def correct_incident(case_ref: UUID, incident_ref: UUID, desk: AtDesk) -> Response:
    """Keep the form as the incident's next version; what the form does not show stays as it was recorded."""
    form = await desk.submitted(IncidentForm)
    recorded = await _newest(desk, case_ref, incident_ref)
    form.keep_others(IncidentForm(data=incident_values(recorded)))
    if not form.validate():
        return _correction_page(desk, case_ref, incident_ref, form, status=422)
    body = form.next_version(recorded, _zone(desk))
    path = f"/v1/cases/{case_ref}/incidents/{incident_ref}/versions"
    body["changed"] = [IncidentChange.CORRECTION]
    key, etag = str(form.key.data), str(form.etag.data or "")
    try:
        await desk.ask(Ask("intake", path, method="POST", body=body, key=key, etag=etag), IncidentRow)
    except ServiceRefusal as refusal:
        status = refused(form, refusal)
        conflicts = await _conflicts(desk, case_ref, incident_ref, form) if refusal.status in OVERTAKEN else ()
        return _correction_page(desk, case_ref, incident_ref, form, status, conflicts)
    return see_other(f"{CASES}/{case_ref}", "corrected")


async def _write_down(desk: Desk, case_ref: UUID, form: IntakeForm) -> Response:
    """Name the case and report the incident; what is refused leaves the case open, and the form goes on there."""
    key = str(form.key.data)
    try:
        await _name(desk, case_ref, str(form.nickname.data or ""))
        if not form.empty:
            path = f"/v1/cases/{case_ref}/incidents"
            await desk.ask(Ask("intake", path, method="POST", body=form.body(_zone(desk)), key=key), IncidentRow)
    except ServiceRefusal as refusal:
        return _intake_page(desk, form, case_ref, status=refused(form, refusal))
    return see_other(f"{CASES}/{case_ref}", "opened" if form.empty else "written")


async def _name(desk: Desk, case_ref: UUID, nickname: str) -> None:
    case = (await desk.read("intake", f"/v1/cases/{case_ref}", CaseRow)).row
    if nickname in ("", case.nickname):  # sent a second time, it has the name already
        return
    path, body = f"/v1/cases/{case_ref}/nickname", {"nickname": nickname}
    await desk.ask(Ask("intake", path, method="PUT", body=body, etag=case.etag), OpenedCaseRow)


async def _newest(desk: Desk, case_ref: UUID, incident_ref: UUID) -> dict[str, Any]:
    """Return the fields of an incident's newest version, opened now; raises `Absent` where it is not to be seen."""
    opened = [record.fields for record in await open_own(desk, case_ref, "incident")]
    versions = [fields for fields in opened if fields.get("incident_ref") == str(incident_ref)]
    if not versions:
        raise Absent
    return max(versions, key=lambda fields: int(fields.get("version", 0)))


async def _conflicts(desk: Desk, case_ref: UUID, incident_ref: UUID, form: IncidentForm) -> tuple[FieldConflict, ...]:
    """Return what somebody else saved meanwhile, field by field; the form is from now on for their version."""
    newest = await _newest(desk, case_ref, incident_ref)
    form.etag.data = _etag(newest)
    return conflicts_between(form, IncidentForm(data=incident_values(newest)))


def _etag(recorded: Mapping[str, Any]) -> str:
    """Return the version that a correction names: the one that was opened."""
    return f'"{recorded["version"]}"' if "version" in recorded else ""


def _zone(desk: Desk) -> str:
    """Return the name of the zone by whose clock the agency reads safe hours."""
    return str(desk.visit.clock.zone)


def _intake_page(desk: Desk, form: IntakeForm, case_ref: UUID | None = None, status: int = 200) -> Response:
    place = f"{CASES}/new" if case_ref is None else f"{CASES}/{case_ref}/intake"
    return desk.page("cases/intake.html", status=status, form=form, place=place, case_ref=case_ref, cases=CASES)


def _correction_page(
    desk: Desk,
    case_ref: UUID,
    incident_ref: UUID,
    form: IncidentForm,
    status: int = 200,
    conflicts: tuple[FieldConflict, ...] = (),
) -> Response:
    place = f"{CASES}/{case_ref}/incidents/{incident_ref}/versions"
    context = {"place": place, "case_ref": case_ref, "cases": CASES, "conflicts": conflicts}
    return desk.page("cases/correction.html", status=status, form=form, **context)
