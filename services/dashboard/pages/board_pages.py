"""The board, and the list behind each of its numbers."""

from __future__ import annotations

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard import board
from services.dashboard.desk import AtDesk
from services.dashboard.domain import tiles_for
from services.dashboard.navigation import BOARD
from services.dashboard.session_auth import session_router

routes = session_router(BOARD)


@routes.get("")
async def show_board(desk: AtDesk) -> Response:
    """Show the numbers of this person's day."""
    tiles = tiles_for(desk.visit.scopes, desk.visit.agency.kind)
    tile_counts = await board.count_all(desk.house.reach, tiles, desk.visit.token)
    return desk.page("board/board.html", tiles=tile_counts, calm=board.all_answered(tile_counts))


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
