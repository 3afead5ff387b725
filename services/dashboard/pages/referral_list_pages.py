"""Referrals: what waits for an answer, what is under way, what was sent and what is closed; finding one by its code."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query as Param
from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import AgencyKind, Priority
from services.dashboard.code_words import words
from services.dashboard.colleagues import colleague_names
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import Query, case_code
from services.dashboard.forms.referral_forms import CodeSearchForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import REFERRALS
from services.dashboard.rows.referral_rows import ReferralDetailRow, ReferralListRow
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, NotAuthorised, Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

PATH: Final = "/v1/referrals"
SOON: Final = timedelta(hours=1)
PRIORITIES: Final = frozenset(map(str, Priority))

routes = session_router(REFERRALS)


@dataclass(frozen=True, slots=True)
class ReferralView:
    """One view of the list: its title, what referrals is asked, its order, and what stands there when it is empty.

    One that is `under` another has no tab of its own, and is led to from there.
    """

    title: str
    query: Query
    order: str
    empty: str
    under: str = ""

    @property
    def partner(self) -> str:
        """Return what stands over the other agency of each row."""
        return PARTNERS.get(self.query[0], mark("With")) if self.query else mark("With")


RECEIVED: Final = ("direction", "received")
FOLLOWED: Final = ("direction", "followed")
SENT: Final = ("direction", "sent")
PARTNERS: Final[Mapping[tuple[str, str], str]] = {RECEIVED: mark("From"), SENT: mark("To")}
IS_OPEN: Final = ("closed", "false")
IS_CLOSED: Final = ("closed", "true")
CASEWORK: Final[Mapping[str, ReferralView]] = {
    "mine": ReferralView(
        mark("Mine"),
        (RECEIVED, IS_OPEN, ("assigned", "me")),
        "deadline",
        mark("No referral waits for you. What your agency has stands under My agency."),
    ),
    "agency": ReferralView(
        mark("My agency"),
        (RECEIVED, IS_OPEN),
        "deadline",
        mark("No referral to your agency is open. A new one stands here at once."),
    ),
    "unassigned": ReferralView(
        mark("Unassigned"),
        (RECEIVED, IS_OPEN, ("assigned", "nobody")),
        "deadline",
        mark("Somebody answers every open referral."),
    ),
    "sent": ReferralView(
        mark("Sent"), (SENT, IS_OPEN), "deadline", mark("Your agency has sent none that is still open.")
    ),
    "closed": ReferralView(
        mark("Closed"), (RECEIVED, IS_CLOSED), "changed", mark("None that your agency received is closed.")
    ),
    "sent-closed": ReferralView(
        mark("Sent and closed"),
        (SENT, IS_CLOSED),
        "changed",
        mark("None that your agency sent is closed."),
        under="closed",
    ),
}
ASSIGNABLE: Final = frozenset({"mine", "agency", "unassigned"})
COORDINATION: Final[Mapping[str, ReferralView]] = {
    "waiting": ReferralView(
        mark("Waiting"),
        (FOLLOWED, ("state", "sent"), ("state", "needs_info")),
        "deadline",
        mark("No referral that was released to your agency waits for an answer."),
    ),
    "open": ReferralView(
        mark("Open"),
        (FOLLOWED, ("state", "accepted"), ("state", "in_progress")),
        "changed",
        mark("No referral that was released to your agency is under way."),
    ),
    "closed": ReferralView(
        mark("Closed"), (FOLLOWED, IS_CLOSED), "changed", mark("None that was released to your agency is closed.")
    ),
}
BY_CODE: Final = ReferralView(
    mark("Referrals of that code"), (), "", mark("No referral that you may see has that code.")
)


@dataclass(frozen=True, slots=True)
class ListFilters:
    """What narrows a view; the page's address holds all of it."""

    priority: tuple[Priority, ...] = ()
    late: bool = False
    agency: str = ""
    case: UUID | None = None

    @property
    def query(self) -> Query:
        """Return what the service is asked besides the view's own query."""
        return tuple((SERVICE_NAMES.get(name, name), SERVICE_VALUES.get(value, value)) for name, value in self.address)

    @property
    def address(self) -> Query:
        """Return what the page's address says."""
        chosen = [("priority", str(priority)) for priority in self.priority]
        chosen += [("late", LATE)] * self.late + [("agency", self.agency)] * bool(self.agency)
        return tuple(chosen + [("case", str(self.case))] * (self.case is not None))

    def without(self) -> list[tuple[str, ListFilters]]:
        """Return each filter that is set, with those that remain when it is taken away."""
        rest = [(str(p), replace(self, priority=tuple(q for q in self.priority if q != p))) for p in self.priority]
        rest += [(translate(mark("Late")), replace(self, late=False))] * self.late
        rest += [(self.agency, replace(self, agency=""))] * bool(self.agency)
        return rest + ([(case_code(self.case), replace(self, case=None))] if self.case is not None else [])


# The tabs, and what stands beside the one shown: each a link with the length of its list.
ListTabs = tuple[list[dict[str, object]], list[dict[str, object]]]
LATE: Final = "y"
SERVICE_NAMES: Final[Mapping[str, str]] = {"late": "overdue", "case": "case_ref"}
SERVICE_VALUES: Final[Mapping[str, str]] = {LATE: "true"}


@routes.get("")
async def show_referrals(
    desk: AtDesk,
    view: str = "",
    cursor: str = "",
    priority: Annotated[tuple[Priority, ...], Param()] = (),
    late: str = "",
    agency: str = "",
    case: UUID | None = None,
) -> Response:
    """Show one view of the referrals, what is due first on top."""
    filters = ListFilters(priority, bool(late), agency, case)
    view = view or first_view(desk)
    if view not in views_of(desk):
        raise Absent
    selected = views_of(desk)[view]
    query = (*selected.query, *filters.query, ("order", selected.order), *([("cursor", cursor)] if cursor else []))
    reply, tabs = await asyncio.gather(
        desk.read_if_there("referrals", PATH, ReferralListRow, query), _views(desk, view, filters)
    )
    return await _list_page(desk, view, reply, CodeSearchForm(), filters, tabs=tabs)


@routes.post("/search")
async def search_referrals(desk: AtDesk) -> Response:
    """Lead to the referral of a spoken code, or show those that its words fit; the code is kept in no address."""
    form = await desk.submitted(CodeSearchForm)
    if not form.validate():
        return await _list_page(desk, first_view(desk), None, form, ListFilters(), status=422)
    ask = Ask("referrals", f"{PATH}/search", method="POST", body={"spoken_code": form.spoken_code.data})
    try:
        reply = await desk.ask(ask, ReferralListRow)
    except ServiceRefusal as refusal:
        return await _list_page(desk, first_view(desk), None, form, ListFilters(), status=refused(form, refusal))
    if len(reply.row.referrals) == 1:
        return see_other(place_of(desk, reply.row.referrals[0]))
    return await _list_page(desk, "found", reply, form, ListFilters())


def views_of(desk: Desk) -> Mapping[str, ReferralView]:
    """Return the views of this person's agency: a cell follows referrals, and sends and receives none."""
    return COORDINATION if desk.visit.agency.kind is AgencyKind.COORDINATION else CASEWORK


def first_view(desk: Desk) -> str:
    """Return the view that is shown where none is named: all that is open, so that nobody's is overlooked."""
    return "waiting" if views_of(desk) is COORDINATION else "agency"


def place_of(desk: Desk, referral: ReferralDetailRow) -> str:
    """Return the address of a referral's page; a cell, which is no party to it, is led there by the case."""
    place = f"{REFERRALS}/{referral.referral_ref}"
    return f"{place}?case={referral.case_ref}" if desk.visit.agency.kind is AgencyKind.COORDINATION else place


async def _list_page(
    desk: Desk,
    view: str,
    reply: Reply[ReferralListRow] | None,
    form: CodeSearchForm,
    filters: ListFilters,
    *,
    tabs: ListTabs | None = None,
    status: int = 200,
) -> Response:
    """Return the page of one view, its tabs counted or not; no reply means errors of the form, or that it is away."""
    if reply is None and not form.errors and not form.general_errors:
        status = 503
    selected = views_of(desk).get(view, BY_CODE)
    referrals, cursor = (None, None) if reply is None else (reply.row.referrals, reply.cursor)
    views, beside = tabs or await _views(desk, view, filters)
    names = await desk.agency_names(agency for row in referrals or () for agency in row.agencies)
    return desk.page(
        "referrals/list.html",
        status=status,
        view=view,
        title=translate(selected.title),
        empty=translate(selected.empty),
        views=views,
        beside=beside,
        ticks=view in ASSIGNABLE and desk.may("referrals:answer"),
        people=await _people(desk, view, referrals or ()),
        referrals=referrals,
        next_href=_address(view, filters, cursor) if cursor else "",
        places={} if referrals is None else {row.referral_ref: place_of(desk, row) for row in referrals},
        agencies=names,
        own=desk.visit.agency.agency_id,
        filters=filters,
        again=REFERRALS if selected is BY_CODE else _address(view, filters),
        tags=_tags(view, filters, names),
        priorities=[(str(priority), priority in filters.priority) for priority in Priority],
        form=form,
        partner=translate(selected.partner),
        waits=selected.order == "deadline",
        soon=SOON,
        place=REFERRALS,
    )


async def _people(desk: Desk, view: str, referrals: Sequence[ReferralDetailRow]) -> dict[str, str]:
    """Return the names of those who answer the rows of a list that says so: that of the whole agency."""
    if view != "agency" or not any(row.assigned_to for row in referrals):
        return {}
    return await colleague_names(desk)


async def _views(desk: Desk, view: str, filters: ListFilters) -> ListTabs:
    """Return the tabs, and what stands beside the one shown, each with the length of the list behind it.

    All are counted at once; None where a length is not known.
    """
    entries = views_of(desk)
    counts = await asyncio.gather(*(_count(desk, entry, filters) for entry in entries.values()))
    tab = (entries[view].under if view in entries else "") or view
    tabs: list[dict[str, object]] = []
    beside: list[dict[str, object]] = []
    for (name, entry), count in zip(entries.items(), counts, strict=True):
        line = {"href": _address(name, filters), "text": translate(entry.title), "count": count}
        if not entry.under:
            tabs.append({**line, "current": name == tab})
        if tab in (name, entry.under) and any(other.under == tab for other in entries.values()):
            beside.append({**line, "current": name == view})
    return tabs, beside


async def _count(desk: Desk, view: ReferralView, filters: ListFilters) -> int | None:
    query = (*view.query, *filters.query, ("order", view.order))
    try:
        counted = await desk.read_if_there("referrals", f"{PATH}/count", CountedRow, query)
    except (NotAuthorised, ServiceRefusal):
        return None
    return None if counted is None else counted.row.count


def _tags(view: str, filters: ListFilters, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the filters that are set, each with the address of the list without it."""
    return [
        {"text": names.get(text, translate(words(text)) if text in PRIORITIES else text), "href": _address(view, rest)}
        for text, rest in filters.without()
    ]


def _address(view: str, filters: ListFilters, cursor: str | None = None) -> str:
    pairs = (("view", view), *filters.address, *((("cursor", cursor),) if cursor else ()))
    return f"{REFERRALS}?{urlencode(pairs)}"
