"""The board, and the list behind each of its numbers."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import AgencyKind
from services.dashboard import board
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.navigation import BOARD
from services.dashboard.rows.figure_rows import FiguresRow
from services.dashboard.session_auth import session_router
from services.dashboard.tiles import tiles_for
from services.dashboard.urgent import urgent_rows

routes = session_router(BOARD)


@routes.get("")
async def show_board(desk: AtDesk, wall: str = "") -> Response:
    """Show what is late or due soon, then the numbers of this person's day; on a shared screen, numbers alone."""
    tiles = tiles_for(desk.visit.scopes, desk.visit.agency.kind)
    coordinates = desk.visit.agency.kind is AgencyKind.COORDINATION and desk.may("board:read")
    tile_counts, urgent, figures = await asyncio.gather(
        board.count_all(desk.house.reach, tiles, desk.visit.token),
        urgent_rows(desk, () if wall else tiles),
        _figures(desk, needed=coordinates),
    )
    return desk.page(
        "board/wall.html" if wall else "board/board.html",
        tiles=tile_counts,
        calm=board.all_answered(tile_counts),
        urgent=urgent,
        agencies=await desk.agency_names(row.item.agency for row in urgent),
        coordinates=coordinates,
        figures=figures,
    )


async def _figures(desk: Desk, *, needed: bool) -> FiguresRow | None:
    """Return the coordinator's figures; None where the page has none, or their service is away."""
    if not needed:
        return None
    reply = await desk.read_if_there("referrals", "/v1/referral-statistics", FiguresRow)
    return None if reply is None else reply.row


@routes.get("/{name}")
async def show_list(name: str, desk: AtDesk) -> Response:
    """Show the list behind a number; a list that is not on this person's board is absent."""
    tiles = tiles_for(desk.visit.scopes, desk.visit.agency.kind)
    opened = await board.open_named(desk.house.reach, tiles, name, desk.visit.token)
    if opened is None:
        raise Absent
    items = () if opened.listing is None else opened.listing.items
    agencies = await desk.agency_names(item.agency for item in items)
    status = 200 if opened.listing is not None else 503
    return desk.page("board/list.html", status=status, opened=opened, agencies=agencies, board=BOARD)
