"""The ledger as an officer or an auditor reads it: what is on record, the proof of one line, a check, and a file."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query as QueryParam
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.forms.ledger_forms import LedgerFilterForm
from services.dashboard.ledger_filters import LedgerAddress
from services.dashboard.navigation import LEDGER
from services.dashboard.rows.ledger_rows import LedgerListRow, ProvenEntryRow, VerificationRow
from services.dashboard.service_client import Reply, ServiceRefusal
from services.dashboard.session_auth import session_router

PATH: Final = "/v1/entries"
LARGEST: Final = 2**53
FILE: Final = "ledger-excerpt.jsonl"

Place = Annotated[int, QueryParam(ge=0, le=LARGEST)]

routes = session_router(LEDGER)


@routes.get("")
async def show_ledger(desk: AtDesk, cursor: str = "") -> Response:
    """Show what is on record of the agency's own records, the newest first."""
    address, form = _chosen(desk)
    if not form.validate():
        return _list_page(desk, address, form, None, status=422)
    query = address.query_for(form, desk.visit.clock)
    try:
        listed = await desk.read_if_there(
            "audit", PATH, LedgerListRow, (*query, *([("cursor", cursor)] if cursor else []))
        )
    except ServiceRefusal:
        raise Absent from None  # an address that no page of ours leads to
    status = 503 if listed is None else 200
    return _list_page(desk, address, form, listed, status=status)


@routes.get("/export")
async def export_ledger(desk: AtDesk) -> Response:
    """Give the lines of the list as a file with their proofs, which can be checked without any of us."""
    address, form = _chosen(desk)
    if not form.validate():
        raise Absent
    query = address.query_for(form, desk.visit.clock)
    return await desk.file("audit", f"{PATH}/export", query, FILE, "application/jsonl")


@routes.get("/entry")
async def show_entry(desk: AtDesk, index: Place) -> Response:
    """Show one line, and whether its receipt leads to the signed checkpoint."""
    proven = await desk.read_if_there("audit", f"{PATH}/proof", ProvenEntryRow, (("index", str(index)),))
    status = 503 if proven is None else 200
    return desk.page("ledger/entry.html", status=status, proven=proven and proven.row, index=index, ledger=LEDGER)


@routes.get("/check")
async def check_ledger(desk: AtDesk, until: Annotated[int | None, QueryParam(ge=1, le=LARGEST)] = None) -> Response:
    """Show what a check of the newest stretch of the ledger came to, or of an older one."""
    query = () if until is None else (("until", str(until)),)
    try:
        checked = await desk.read_if_there("audit", "/v1/verification", VerificationRow, query)
    except Absent:  # nothing was signed yet, or not at this size
        return desk.page("ledger/check.html", status=404, result=None, unsigned=True, ledger=LEDGER)
    status = 503 if checked is None else 200
    return desk.page("ledger/check.html", status=status, result=checked and checked.row, unsigned=False, ledger=LEDGER)


def _chosen(desk: Desk) -> tuple[LedgerAddress, LedgerFilterForm]:
    address = LedgerAddress.of(LEDGER, desk.request.query_params)
    return address, LedgerFilterForm(ImmutableMultiDict(address.params))


def _list_page(
    desk: Desk,
    address: LedgerAddress,
    form: LedgerFilterForm,
    listed: Reply[LedgerListRow] | None,
    *,
    status: int,
) -> Response:
    entries = None if listed is None else listed.row.entries
    people = {entry.who.ref: entry.who.name for entry in entries or () if entry.who.ref}
    agencies = {entry.agency.id: entry.agency.name for entry in entries or () if entry.agency}
    return desk.page(
        "ledger/list.html",
        status=status,
        address=address,
        form=form,
        entries=entries,
        counted=None if listed is None or listed.row.count is None else listed.row,
        cursor=None if listed is None else listed.cursor,
        people=people,
        agencies=agencies,
        ledger=LEDGER,
    )
