"""The board for another system's screen: the same numbers and the same lists, with a token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, Unavailable, require_scope, router
from services.dashboard import board, store
from services.dashboard.board import TileCount
from services.dashboard.domain import Item
from services.dashboard.service_client import ServiceClient
from services.dashboard.session_auth import DashboardState
from services.dashboard.tiles import tiles_for

MayReadBoard = Annotated[UnitOfWork, Depends(require_scope("board:read"))]
PREFIX = "/v1/board"

routes = router(PREFIX)


class Closed(BaseModel):
    """An answer that says nothing besides what is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class TileResponse(Closed):
    """One number and where its list is; without a count where the service behind it is away just now."""

    name: str
    title: str
    href: str
    available: bool
    count: int | None = None
    whole: bool | None = None

    @classmethod
    def of(cls, counted: TileCount) -> TileResponse:
        """Return the answer for one tile."""
        tile, number = counted.tile, counted.number
        fields = {"name": tile.name, "title": tile.title, "href": f"{PREFIX}/{tile.name}"}
        if number is None:
            return cls(**fields, available=False)
        return cls(**fields, available=True, count=number.count, whole=number.whole)


class BoardResponse(Closed):
    """The tiles of a board."""

    at: datetime
    tiles: list[TileResponse]


class ItemResponse(Closed):
    """One row of a list: a case by its code, never by a name."""

    case_code: str
    about: str
    agency: str
    since: datetime | None
    until: datetime | None

    @classmethod
    def of(cls, item: Item) -> ItemResponse:
        """Return the answer for one row."""
        return cls.model_validate(item)


class ListResponse(Closed):
    """The list behind a number; `whole` is false where it goes on."""

    name: str
    title: str
    count: int
    whole: bool
    items: list[ItemResponse]


@routes.get("", response_model_exclude_none=True)
async def read_board(request: Request, unit: MayReadBoard) -> BoardResponse:
    """Count what waits, by the lists that the asker may see now."""
    now = await store.agency_now(unit.session, unit.agency_id)
    reach, token = await _reach(request, unit)
    tile_counts = await board.count_all(reach, tiles_for(unit.scopes, unit.agency.kind), token)
    return BoardResponse(at=now.clock.at, tiles=[TileResponse.of(tile_count) for tile_count in tile_counts])


@routes.get("/{name}", response_model_exclude_none=True)
async def read_list(name: str, request: Request, unit: MayReadBoard) -> ListResponse:
    """Return the list behind a number."""
    reach, token = await _reach(request, unit)
    opened = await board.open_named(reach, tiles_for(unit.scopes, unit.agency.kind), name, token)
    if opened is None:
        raise Absent
    if opened.listing is None:
        raise Unavailable
    items = [ItemResponse.of(item) for item in opened.listing.items]
    return ListResponse(
        name=opened.tile.name, title=opened.tile.title, count=len(items), whole=opened.listing.whole, items=items
    )


async def _reach(request: Request, unit: UnitOfWork) -> tuple[ServiceClient, str]:
    """Return the client of the other services, and the asker's own token to call them with."""
    # There is nothing to commit, and no connection is to be held while other services take their time.
    await unit.session.rollback()
    house: DashboardState = request.app.state.house
    return house.reach, request.headers["authorization"].partition(" ")[2]
