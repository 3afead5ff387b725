"""The board of one person: every tile asked at once, each by itself, so that one that is away costs its number only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.dashboard.asking import Away, Lacking, Reach
from services.dashboard.domain import Listing, Tile


@dataclass(frozen=True, slots=True)
class Counted:
    """A tile and its list; None where the service that keeps it is away."""

    tile: Tile
    listing: Listing | None


async def count(reach: Reach, tile: Tile, token: str) -> Counted | None:
    """Return a tile with its list, or None where the person may not ask for it."""
    try:
        return Counted(tile, await reach.listing(tile, token))
    except Away:
        return Counted(tile, None)
    except Lacking:
        return None


async def count_all(reach: Reach, tiles: Sequence[Tile], token: str) -> list[Counted]:
    """Return the tiles of a board; one whose list may not be asked for is left out."""
    found = await asyncio.gather(*(count(reach, tile, token) for tile in tiles))
    return [one for one in found if one is not None]


async def count_named(reach: Reach, tiles: Sequence[Tile], name: str, token: str) -> Counted | None:
    """Return the tile of that name, or None where there is none on this person's board."""
    tile = next((tile for tile in tiles if tile.name == name), None)
    return None if tile is None else await count(reach, tile, token)
