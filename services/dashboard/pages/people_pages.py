"""The agency's own people: who works there, who comes, what they may do, who leaves, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from runtime.http.problems import Absent, Forbidden
from services.dashboard.conflicts import OVERTAKEN, filled_in
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.forms.people_forms import LeavingForm, NewPersonForm, PeopleForm, RolesForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import PEOPLE
from services.dashboard.rows.people_rows import PeopleRow, PersonChangesRow, PersonRow, SystemsRow, role_words
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

PATH: Final = "/v1/people"
VIEWS: Final[Mapping[str, tuple[str, str]]] = {
    "active": (mark("Work here"), mark("Nobody works here. Add a person.")),
    "left": (mark("Left"), mark("Nobody has left.")),
}
OTHER_VIEWS: Final[Mapping[str, str]] = {
    "changes": mark("What changed"),
    "systems": mark("Systems and keys"),
}
SESSIONS: Final = mark("Who is signed in")

routes = session_router(PEOPLE)


@routes.get("")
async def show_people(desk: AtDesk, view: str = "active", cursor: str = "") -> Response:
    """Show who works at the agency, or who left it, by name."""
    if view not in VIEWS:
        raise Absent
    query = (("state", view), *_behind(cursor))
    reply = await desk.read_if_there("intake", PATH, PeopleRow, query)
    title, empty = VIEWS[view]
    return desk.page(
        "people/list.html",
        status=200 if reply else 503,
        view=view,
        title=translate(title),
        empty=translate(empty),
        views=await views_of(desk, view),
        rows=None if reply is None else reply.row.people,
        again=f"{PEOPLE}?view={view}",
        cursor=None if reply is None else reply.cursor,
        role_words=role_words,
        place=PEOPLE,
    )


@routes.get("/new")
async def show_new_person(desk: AtDesk) -> Response:
    """Show the form that adds a person."""
    check_manages(desk)
    return desk.page("people/new.html", form=NewPersonForm(), place=PEOPLE)


@routes.post("/new")
async def add_person(desk: AtDesk) -> Response:
    """Ask for a person; they may do nothing before a privacy officer has confirmed."""
    form = await desk.submitted(NewPersonForm)
    if not form.validate():
        return desk.page("people/new.html", status=422, form=form, place=PEOPLE)
    body = {"name": form.name.data, "roles": form.roles.data}
    try:
        added = await desk.ask(Ask("intake", PATH, method="POST", body=body, key=str(form.key.data)), PersonRow)
    except ServiceRefusal as refusal:
        return desk.page("people/new.html", status=refused(form, refusal), form=form, place=PEOPLE)
    return see_other(f"{PEOPLE}/{added.row.person_ref}", "added")


@routes.get("/changes")
async def show_changes(desk: AtDesk, cursor: str = "") -> Response:
    """Show what changed of the agency's people, the newest first."""
    reply = await desk.read_if_there("intake", f"{PATH}/changes", PersonChangesRow, _behind(cursor))
    return desk.page(
        "people/changes.html",
        status=200 if reply else 503,
        views=await views_of(desk, "changes"),
        title=translate(OTHER_VIEWS["changes"]),
        rows=None if reply is None else reply.row.changes,
        empty=translate(mark("Nothing has changed yet.")),
        again=desk.current_path,
        cursor=None if reply is None else reply.cursor,
        role_words=role_words,
        place=PEOPLE,
    )


@routes.get("/systems")
async def show_systems(desk: AtDesk, cursor: str = "") -> Response:
    """Show the agency's own systems, each with its public key."""
    reply = await desk.read_if_there("intake", "/v1/systems", SystemsRow, _behind(cursor))
    return desk.page(
        "people/systems.html",
        status=200 if reply else 503,
        views=await views_of(desk, "systems"),
        title=translate(OTHER_VIEWS["systems"]),
        rows=None if reply is None else reply.row.systems,
        empty=translate(mark("Your agency has no system of its own. Ask your operator to take one in.")),
        again=desk.current_path,
        cursor=None if reply is None else reply.cursor,
        place=PEOPLE,
    )


@routes.get("/{person_ref}")
async def show_person(person_ref: str, desk: AtDesk) -> Response:
    """Show one of the agency's people, and what may be done."""
    return await _person_page(desk, await _read_person(desk, person_ref))


@routes.get("/{person_ref}/roles")
async def show_roles(person_ref: str, desk: AtDesk) -> Response:
    """Show what the person is at the agency, to be changed."""
    check_manages(desk)
    reply = await _read_person(desk, person_ref)
    roles = [*reply.row.roles, *reply.row.requested_roles]
    return _step_page(desk, "roles", reply, RolesForm(roles=roles, etag=reply.etag))


@routes.post("/{person_ref}/roles")
async def change_roles(person_ref: str, desk: AtDesk) -> Response:
    """Change what the person is: what is taken away ends at once, what is new waits."""
    form = await desk.submitted(RolesForm)
    if not form.validate():
        return _step_page(desk, "roles", await _read_person(desk, person_ref), form, 422)
    body = {"roles": form.roles.data}
    return await _carried_out(desk, person_ref, "roles", form, _ask(form, person_ref, "roles", "PUT", body))


@routes.get("/{person_ref}/leaving")
async def show_leaving(person_ref: str, desk: AtDesk) -> Response:
    """Show what taking the person out means, and who could take their open cases."""
    check_manages(desk)
    reply = await _read_person(desk, person_ref)
    form = LeavingForm(etag=reply.etag)
    return _step_page(desk, "leaving", reply, await _with_successors(desk, form, person_ref))


@routes.post("/{person_ref}/leaving")
async def take_out(person_ref: str, desk: AtDesk) -> Response:
    """Take the person out: nobody from the next click on."""
    form = await _with_successors(desk, await desk.submitted(LeavingForm), person_ref)
    body = {"successor_ref": form.successor_ref.data or None}
    if not form.validate():
        return _step_page(desk, "leaving", await _read_person(desk, person_ref), form, 422)
    return await _carried_out(desk, person_ref, "leaving", form, _ask(form, person_ref, "leaving", "POST", body))


@routes.post("/{person_ref}/confirmation")
async def confirm_person(person_ref: str, desk: AtDesk) -> Response:
    """Confirm the roles that wait; a first passphrase is shown on this page and never again."""
    form = await desk.submitted(PeopleForm)
    try:
        reply = await desk.ask(_ask(form, person_ref, "confirmation", "POST", None), PersonRow)
    except ServiceRefusal as refusal:
        status = refused(form, refusal)
        return await _person_page(desk, await _read_person(desk, person_ref), form, status=status)
    if reply.row.passphrase is None:
        return see_other(f"{PEOPLE}/{person_ref}", "confirmation")
    return desk.page("people/passphrase.html", person=reply.row, place=PEOPLE)


def check_manages(desk: Desk) -> None:
    """Refuse a page that is an administrator's."""
    if not desk.may("people:manage"):
        raise Forbidden


async def views_of(desk: Desk, view: str) -> list[dict[str, Any]]:
    """Return the views of the agency's people, with the length of each list of people; None where it is not known."""
    entries: list[dict[str, Any]] = []
    for name, (title, _) in VIEWS.items():
        counted = await desk.read_if_there("intake", f"{PATH}/count", CountedRow, (("state", name),))
        count = None if counted is None else counted.row.count
        entries.append(_view(f"{PEOPLE}?view={name}", translate(title), name == view) | {"count": count})
    entries += [_view(f"{PEOPLE}/{name}", translate(title), name == view) for name, title in OTHER_VIEWS.items()]
    if desk.may("people:manage"):
        entries.append(_view(f"{PEOPLE}/sessions", translate(SESSIONS), view == "sessions"))
    return entries


def _view(href: str, text: str, current: bool) -> dict[str, Any]:
    return {"href": href, "text": text, "current": current}


def _behind(cursor: str) -> tuple[tuple[str, str], ...]:
    return (("cursor", cursor),) if cursor else ()


def _ask(form: PeopleForm, person_ref: str, step: str, method: str, body: Any) -> Ask:
    """Return a step with a person, under the form's key and for the version that its reader saw."""
    path = f"{PATH}/{person_ref}/{step}"
    return Ask("intake", path, method=method, body=body, key=str(form.key.data), etag=str(form.etag.data or ""))


async def _read_person(desk: Desk, person_ref: str) -> Reply[PersonRow]:
    return await desk.read("intake", f"{PATH}/{person_ref}", PersonRow)


async def _with_successors(desk: Desk, form: LeavingForm, person_ref: str) -> LeavingForm:
    """Return the form with the colleagues who could take the open cases."""
    reply = await desk.read("intake", PATH, PeopleRow, (("limit", "200"),))
    others = [(person.person_ref, person.name) for person in reply.row.people if person.person_ref != person_ref]
    form.successor_ref.choices = [("", translate(mark("Choose a colleague"))), *others]
    return form


async def _carried_out(desk: Desk, person_ref: str, step: str, form: PeopleForm, ask: Ask) -> Response:
    """Carry out a step and lead to the person; a refusal goes back on the form, beside what stands now."""
    try:
        await desk.ask(ask, PersonRow)
    except ServiceRefusal as refusal:
        reply = await _read_person(desk, person_ref)
        form.etag.data = reply.etag
        sent = filled_in(form) if refusal.status in OVERTAKEN else ()
        return _step_page(desk, step, reply, form, refused(form, refusal), sent)
    return see_other(f"{PEOPLE}/{person_ref}", step)


def _step_page(
    desk: Desk,
    step: str,
    reply: Reply[PersonRow],
    form: PeopleForm,
    status: int = 200,
    sent: tuple[tuple[str, str], ...] = (),
) -> Response:
    context = {"person": reply.row, "form": form, "role_words": role_words, "place": PEOPLE, "sent": sent}
    return desk.page(f"people/{step}.html", status=status, **context)


async def _person_page(
    desk: Desk, reply: Reply[PersonRow], form: PeopleForm | None = None, *, status: int = 200
) -> Response:
    """Return the page of one person; what may not be done by its reader is not offered."""
    person = reply.row
    other = person.active and person.person_ref != desk.visit.person_ref
    return desk.page(
        "people/person.html",
        status=status,
        person=person,
        form=form or PeopleForm(etag=reply.etag),
        manages=other and desk.may("people:manage"),
        confirms=other and desk.may("people:confirm") and bool(person.requested_roles),
        role_words=role_words,
        place=PEOPLE,
    )
