"""Cases of the agency: the list and its views, finding one, and opening a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.colleagues import colleague_names
from services.dashboard.desk import AtDesk, Desk, refused
from services.dashboard.domain import Query
from services.dashboard.forms.case_forms import CaseSearchForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import CASES
from services.dashboard.rows.case_rows import CaseListRow
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

PATH: Final = "/v1/cases"

routes = session_router(CASES)


@dataclass(frozen=True, slots=True)
class CaseView:
    """One view of the list: its title, what is asked of intake, and what stands there when it is empty."""

    title: str
    query: Query
    empty: str


VIEWS: Final[Mapping[str, CaseView]] = {
    "mine": CaseView(
        mark("My cases"),
        (("assigned", "me"), ("state", "open")),
        mark("You work on no open case. Open one, or look at those that nobody works on."),
    ),
    "unassigned": CaseView(
        mark("Nobody works on"), (("assigned", "nobody"), ("state", "open")), mark("Somebody works on every open case.")
    ),
    "agency": CaseView(mark("All open"), (("state", "open"),), mark("Your agency has no open case.")),
    "closed": CaseView(mark("Closed"), (("state", "closed"),), mark("Your agency has closed no case.")),
}


@routes.get("")
async def show_cases(desk: AtDesk, view: str = "mine", cursor: str = "") -> Response:
    """Show one view of the agency's cases, newest change first."""
    if view not in VIEWS:
        raise Absent
    query = (*VIEWS[view].query, *([("cursor", cursor)] if cursor else []))
    again = f"{CASES}?{urlencode([('view', view), *([('cursor', cursor)] if cursor else [])])}"
    reply, frame = await asyncio.gather(desk.read_if_there("intake", PATH, CaseListRow, query), _frame(desk, view))
    return _list_page(desk, view, reply, CaseSearchForm(), frame, again=again)


@routes.post("/search")
async def search_cases(desk: AtDesk) -> Response:
    """Show the cases of a code, or of a name of the agency's own people; neither is kept in an address."""
    form = await desk.submitted(CaseSearchForm)
    if not form.validate():
        return _list_page(desk, "mine", None, form, await _frame(desk, "mine"), status=422)
    ask = Ask("intake", f"{PATH}/search", method="POST", body=form.body())
    try:
        reply = await desk.ask(ask, CaseListRow)
    except ServiceRefusal as refusal:
        return _list_page(desk, "mine", None, form, await _frame(desk, "mine"), status=refused(form, refusal))
    return _list_page(desk, "found", reply, form, await _frame(desk, "found"))


@dataclass(frozen=True, slots=True)
class CaseListFrame:
    """What stands around any view: the views with their numbers, and the agency's people by reference."""

    views: list[dict[str, object]]
    people: dict[str, str]


async def _frame(desk: Desk, view: str) -> CaseListFrame:
    return CaseListFrame(*await asyncio.gather(_views(desk, view), colleague_names(desk)))


def _list_page(
    desk: Desk,
    view: str,
    reply: Reply[CaseListRow] | None,
    form: CaseSearchForm,
    frame: CaseListFrame,
    status: int = 200,
    again: str = "",
) -> Response:
    """Return the page of one view, live where it can be asked for `again`; what was found for a name cannot.

    Without a reply it shows the form's errors, or that intake is away.
    """
    if reply is None and not form.errors and not form.general_errors:
        status = 503
    return desk.page(
        "cases/list.html",
        status=status,
        view=view,
        title=translate(VIEWS[view].title if view in VIEWS else mark("Cases found")),
        empty=translate(
            VIEWS[view].empty if view in VIEWS else mark("No case of your agency has that code or that name.")
        ),
        views=frame.views,
        cases=None if reply is None else reply.row.cases,
        cursor=None if reply is None else reply.cursor,
        people=frame.people,
        form=form,
        again=again,
        place=CASES,
    )


async def _views(desk: Desk, view: str) -> list[dict[str, object]]:
    """Return the views with the length of the list behind each, asked for at once; None where it is not known."""
    counts = await asyncio.gather(
        *(desk.read_if_there("intake", f"{PATH}/count", CountedRow, entry.query) for entry in VIEWS.values())
    )
    return [
        {
            "href": f"{CASES}?view={name}",
            "text": translate(entry.title),
            "current": name == view,
            "count": None if counted is None else counted.row.count,
        }
        for (name, entry), counted in zip(VIEWS.items(), counts, strict=True)
    ]
