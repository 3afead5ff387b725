"""Releases: the lists by where they stand, and one release with what may be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.colleagues import colleague_names, signing_colleagues
from services.dashboard.desk import AtDesk, Desk, see_other
from services.dashboard.domain import Query, case_code
from services.dashboard.forms.release_forms import ActForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import RELEASES
from services.dashboard.releases import case_releases, in_words
from services.dashboard.rows.release_rows import AwaitingListRow, DirectiveStateRow, ReceiptRow, ReleaseListRow
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, ServiceRefusal
from services.dashboard.session_auth import session_router

PATH: Final = "/v1/directives"
SOON: Final = timedelta(days=7)

routes = session_router(RELEASES)


@dataclass(frozen=True, slots=True)
class ReleaseTab:
    """One tab: its title, what is asked of consent, what its last column says, and what stands there when empty."""

    title: str
    query: Query
    when: str
    empty: str


TABS: Final[Mapping[str, ReleaseTab]] = {
    "to-sign": ReleaseTab(
        mark("To sign"),
        (("state", "draft"),),
        mark("Ends"),
        mark("No draft waits for a signature. Begin one in the case of a survivor."),
    ),
    "in-force": ReleaseTab(
        mark("In force"), (("state", "active"),), mark("Ends"), mark("No release of your records is in force.")
    ),
    "ending": ReleaseTab(
        mark("Ending"),
        (("state", "active"), ("ending_within_days", "7")),
        mark("Ends"),
        mark("No release ends this week."),
    ),
    "ended": ReleaseTab(mark("Ended"), (("state", "expired"),), mark("Ended"), mark("No release has run out.")),
    "stopped": ReleaseTab(mark("Stopped"), (("state", "revoked"),), mark("Stopped"), mark("Nobody stopped a release.")),
    "refused": ReleaseTab(mark("Refused"), (("state", "refused"),), mark("Refused"), mark("Nobody refused a release.")),
    "denied": ReleaseTab(mark("Denied"), (("state", "denial"),), mark("Since"), mark("Nobody is denied anything.")),
}
TO_CONFIRM: Final = "to-confirm"


@routes.get("")
async def show_releases(desk: AtDesk, tab: str = "to-sign", cursor: str = "") -> Response:
    """Show the releases of the agency's records that stand so."""
    if tab == TO_CONFIRM:
        return await _confirmations(desk, cursor)
    if tab not in TABS:
        raise Absent
    query = (*TABS[tab].query, *([("cursor", cursor)] if cursor else []))
    reply = await desk.read_if_there("consent", PATH, ReleaseListRow, query)
    rows = () if reply is None else reply.row.directives
    return desk.page(
        "releases/list.html",
        status=503 if reply is None else 200,
        tab=tab,
        tabs=await _tabs(desk, tab),
        entry=TABS[tab],
        title=translate(TABS[tab].title),
        rows=None if reply is None else rows,
        cursor=None if reply is None else reply.cursor,
        names=await desk.agency_names(
            name for row in rows for name in (row.recipient, row.excluded_agency_ref) if name
        ),
        place=RELEASES,
        soon=SOON,
    )


@routes.get("/{case_ref}")
async def show_case_releases(desk: AtDesk, case_ref: UUID) -> Response:
    """Show what a survivor allows and denies in this case, and what may be done about it."""
    row = await case_releases(desk, case_ref)
    return desk.page(
        "releases/case.html",
        case_ref=case_ref,
        code=case_code(case_ref),
        releases=row,
        second_people=await signing_colleagues(desk) if row.that_are("awaiting_confirmation") else (),
        names=await names_in(desk, row.directives),
        place=f"{RELEASES}/{case_ref}",
        all_releases=RELEASES,
        soon=SOON,
    )


@routes.get("/{case_ref}/release/{directive_ref}")
async def show_release(desk: AtDesk, case_ref: UUID, directive_ref: UUID) -> Response:
    """Show one release or denial, its receipt, and what may be done about it."""
    return await _release_page(desk, case_ref, directive_ref, ActForm())


@routes.post("/{case_ref}/release/{directive_ref}/refusal")
async def refuse_release(desk: AtDesk, case_ref: UUID, directive_ref: UUID) -> Response:
    """Record that she said no to a draft."""
    return await _act(desk, case_ref, directive_ref, "refusal")


@routes.post("/{case_ref}/release/{directive_ref}/confirmation")
async def confirm_release(desk: AtDesk, case_ref: UUID, directive_ref: UUID) -> Response:
    """Confirm, as a second person, what a first one recorded."""
    return await _act(desk, case_ref, directive_ref, "confirmation")


async def names_in(desk: Desk, rows: Iterable[DirectiveStateRow]) -> dict[str, str]:
    """Return the names of the agencies that these directives name."""
    return await desk.agency_names(name for row in rows for name in row.agencies)


async def _act(desk: Desk, case_ref: UUID, directive_ref: UUID, act: str) -> Response:
    form = await desk.submitted(ActForm)
    path = f"{PATH}/{directive_ref}/{act}"
    ask = Ask("consent", path, method="POST", key=str(form.key.data), etag=str(form.etag.data))
    try:
        await desk.ask(ask, DirectiveStateRow)
    except ServiceRefusal as refusal:
        form.general_errors.append(in_words([refusal.code]))
        return await _release_page(desk, case_ref, directive_ref, form, status=refusal.status)
    return see_other(f"{RELEASES}/{case_ref}", act)


async def _release_page(desk: Desk, case_ref: UUID, directive_ref: UUID, form: ActForm, status: int = 200) -> Response:
    reply = await desk.read("consent", f"{PATH}/{directive_ref}", DirectiveStateRow)
    release = reply.row
    form.etag.data = reply.etag
    receipt = None
    if release.state != "draft":
        receipt = (await desk.read("consent", f"{PATH}/{directive_ref}/receipt", ReceiptRow)).row
    return desk.page(
        "releases/release.html",
        status=status,
        case_ref=case_ref,
        code=case_code(case_ref),
        release=release,
        receipt=receipt,
        second_people=await signing_colleagues(desk) if release.awaiting_since else (),
        names=await names_in(desk, [release]),
        place=f"{RELEASES}/{case_ref}",
        form=form,
    )


async def _confirmations(desk: Desk, cursor: str) -> Response:
    query: Query = (("cursor", cursor),) if cursor else ()
    reply = await desk.read_if_there("consent", "/v1/confirmations", AwaitingListRow, query)
    return desk.page(
        "releases/confirmations.html",
        status=503 if reply is None else 200,
        tabs=await _tabs(desk, TO_CONFIRM),
        rows=None if reply is None else reply.row.awaiting,
        people=await colleague_names(desk) if reply is not None and reply.row.awaiting else {},
        cursor=None if reply is None else reply.cursor,
        place=RELEASES,
    )


async def _tabs(desk: Desk, tab: str) -> list[dict[str, object]]:
    """Return the tabs with the length of the list behind each; None where it is not known."""
    entries: list[dict[str, object]] = []
    for name, entry in TABS.items():
        entries.append(await _tab(desk, name, translate(entry.title), tab, f"{PATH}/count", entry.query))
    confirm = await _tab(desk, TO_CONFIRM, translate(mark("To confirm")), tab, "/v1/confirmations/count")
    return [entries[0], confirm, *entries[1:]]


async def _tab(desk: Desk, name: str, title: str, tab: str, path: str, query: Query = ()) -> dict[str, object]:
    counted = await desk.read_if_there("consent", path, CountedRow, query)
    count = None if counted is None else counted.row.count
    return {"href": f"{RELEASES}?tab={name}", "text": title, "current": name == tab, "count": count}
