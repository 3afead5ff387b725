"""Protective orders: what waits for service, what is in force, one found by its number, and one with its timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import AgencyKind, Purpose
from services.dashboard import mail
from services.dashboard.desk import AtDesk, Desk, refused, see_other
from services.dashboard.domain import Query, case_code
from services.dashboard.form_instants import local_day
from services.dashboard.forms.order_forms import OpenPapersForm, OrderSearchForm, RecordOrderForm
from services.dashboard.language import mark, translate
from services.dashboard.navigation import CASES, ORDERS
from services.dashboard.opened_fields import FieldReader, agencies_in
from services.dashboard.rows.mail_rows import MailRow, OpenedMailRow
from services.dashboard.rows.order_rows import (
    ORDER_TYPE,
    OpenedPapersRow,
    OrderListRow,
    OrderStateRow,
)
from services.dashboard.rows.service_row import CountedRow
from services.dashboard.service_client import Ask, Reply, ServiceRefusal, ServiceUnavailable
from services.dashboard.session_auth import session_router

BRIDGE: Final = "law_enforcement_bridge"
PATH: Final = "/v1/orders"
NEW: Final = f"{ORDERS}/new"
SOON: Final = timedelta(days=7)
MOST_PAPERS: Final = 100
# For what each kind of agency that records orders reads its own papers again.
READ_FOR: Final = {AgencyKind.POLICE: Purpose.ORDER_ENFORCEMENT, AgencyKind.LEGAL_AID: Purpose.LEGAL_REPRESENTATION}

routes = session_router(ORDERS)


@dataclass(frozen=True, slots=True)
class OrderTab:
    """One tab: its title, what is asked of the bridge, and what stands there when it is empty."""

    title: str
    query: Query
    empty: str


IN_FORCE: Final[Query] = (("status", "temporary"), ("status", "final"))
UNSERVED: Final[Query] = tuple(("service_status", status) for status in ("pending", "in_hand", "failed"))
TABS: Final[Mapping[str, OrderTab]] = {
    "to-serve": OrderTab(mark("Wait for service"), IN_FORCE + UNSERVED, mark("No order waits to be served.")),
    "in-force": OrderTab(mark("In force"), IN_FORCE, mark("No order of your records is in force.")),
    "requested": OrderTab(mark("Asked for"), (("status", "requested"),), mark("No order waits for a court.")),
    "ended": OrderTab(mark("Ended"), (("status", "expired"), ("status", "vacated")), mark("No order has ended.")),
}


@routes.get("")
async def show_orders(desk: AtDesk, tab: str = "to-serve", cursor: str = "") -> Response:
    """Show the orders of the agency's records that stand so, the oldest first."""
    if tab not in TABS:
        raise Absent
    query = (*TABS[tab].query, *([("cursor", cursor)] if cursor else []))
    return await _list_page(desk, tab, await desk.read_if_there(BRIDGE, PATH, OrderListRow, query), OrderSearchForm())


@routes.post("/search")
async def search_orders(desk: AtDesk) -> Response:
    """Show the orders of a number; the number is kept in no address."""
    form = await desk.submitted(OrderSearchForm)
    if not form.validate():
        return await _list_page(desk, "found", None, form, 422)
    ask = Ask(BRIDGE, f"{PATH}/search", method="POST", body={"order_number": form.order_number.data})
    try:
        return await _list_page(desk, "found", await desk.ask(ask, OrderListRow), form)
    except ServiceRefusal as refusal:
        return await _list_page(desk, "found", None, form, refused(form, refusal))


@routes.get("/new")
async def show_new_order(desk: AtDesk, case: UUID | None = None) -> Response:
    """Show the form that records an order, in a case of the agency or in one of its own."""
    return _new_page(desk, RecordOrderForm(), case)


@routes.post("/new")
async def record_order(desk: AtDesk, case: UUID | None = None) -> Response:
    """Record an order, in a case where the page's address names one."""
    form = await desk.submitted(RecordOrderForm)
    if not form.validate():
        return _new_page(desk, form, case, 422)
    body = form.body_for(case, desk.visit.clock)
    try:
        order = (await desk.ask(Ask(BRIDGE, PATH, method="POST", body=body, key=str(form.key.data)), OrderStateRow)).row
    except ServiceRefusal as refusal:
        return _new_page(desk, form, case, refused(form, refusal))
    return see_other(f"{ORDERS}/{order.order_ref}", "recorded")


@routes.get("/{order_ref}")
async def show_order(desk: AtDesk, order_ref: UUID) -> Response:
    """Show how an order stands, what may be done, and what happened; what its papers say stays closed."""
    return await _order_page(desk, order_ref, None)


@routes.post("/{order_ref}")
async def open_papers(desk: AtDesk, order_ref: UUID) -> Response:
    """Open what the agency's own papers of the order say: each is a look on record."""
    form = await desk.submitted(OpenPapersForm)
    order = (await desk.read(BRIDGE, f"{PATH}/{order_ref}", OrderStateRow)).row
    papers = await _papers(desk, order.case_ref)
    refs = [str(paper.message_ref) for paper in papers or ()][-MOST_PAPERS:]  # a file has the oldest first
    if not refs:
        return await _order_page(desk, order_ref, None)
    body = {"purpose": _purpose(desk), "message_refs": refs}
    ask = Ask("exchange", "/v1/openings", method="POST", body=body, key=str(form.key.data))
    opened = (await desk.ask(ask, OpenedPapersRow)).row.opened
    return await _order_page(desk, order_ref, [paper for paper in opened if _is_about(paper, order_ref)])


def _new_page(desk: Desk, form: RecordOrderForm, case: UUID | None, status: int = 200) -> Response:
    return desk.page(
        "orders/new.html",
        status=status,
        form=form,
        case=case,
        code="" if case is None else case_code(case),
        action=NEW if case is None else f"{NEW}?case={case}",
        orders=ORDERS,
        cases=CASES,
    )


async def _order_page(desk: Desk, order_ref: UUID, opened: list[OpenedMailRow] | None) -> Response:
    reply = await desk.read(BRIDGE, f"{PATH}/{order_ref}", OrderStateRow)
    papers: Sequence[MailRow] | None = opened if opened is not None else await _papers(desk, reply.row.case_ref)
    named = {agency for paper in opened or () for agency in agencies_in(paper.categories)}
    return desk.page(
        "orders/order.html",
        order=reply.row,
        papers=None if papers is None else sorted(papers, key=lambda paper: paper.occurred_at, reverse=True),
        opened=opened is not None,
        purpose=_purpose(desk),
        police=desk.visit.agency.kind is AgencyKind.POLICE,
        form=OpenPapersForm(),
        orders=ORDERS,
        today=local_day(desk.visit.clock),
        reader=FieldReader(desk.visit.clock, await desk.agency_names(named)),
    )


async def _papers(desk: Desk, case_ref: UUID) -> list[MailRow] | None:
    """Return the routing of the papers in the order's case, oldest first; None where the exchange is away."""
    try:
        return [paper for paper in await mail.case_file(desk, case_ref) if paper.type.startswith(ORDER_TYPE)]
    except ServiceUnavailable:
        return None


def _is_about(paper: OpenedMailRow, order_ref: UUID) -> bool:
    return paper.categories.get("order_terms", {}).get("order_ref") == str(order_ref)


def _purpose(desk: Desk) -> Purpose:
    kind = desk.visit.agency.kind
    return READ_FOR.get(kind, Purpose.ADVOCACY) if kind is not None else Purpose.ADVOCACY


async def _list_page(
    desk: Desk, tab: str, reply: Reply[OrderListRow] | None, form: OrderSearchForm, status: int = 200
) -> Response:
    if reply is None and not form.errors and not form.general_errors:
        status = 503
    entry = TABS.get(tab)
    return desk.page(
        "orders/list.html",
        status=status,
        tab=tab,
        tabs=await _tabs(desk, tab),
        title=translate(entry.title if entry else mark("Orders of that number")),
        empty=translate(entry.empty if entry else mark("No order of your records has that number.")),
        rows=None if reply is None else reply.row.orders,
        cursor=None if reply is None else reply.cursor,
        form=form,
        place=ORDERS,
        today=local_day(desk.visit.clock),
    )


async def _tabs(desk: Desk, tab: str) -> list[dict[str, object]]:
    """Return the tabs with the length of the list behind each; None where it is not known."""
    entries: list[dict[str, object]] = []
    for name, entry in TABS.items():
        counted = await desk.read_if_there(BRIDGE, f"{PATH}/count", CountedRow, entry.query)
        count = None if counted is None else counted.row.count
        href = f"{ORDERS}?tab={name}"
        entries.append({"href": href, "text": translate(entry.title), "current": name == tab, "count": count})
    return entries
