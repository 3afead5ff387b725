"""The board of one person: all tiles counted at once; a service that is away costs its own number only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.dashboard.domain import Count, Listing, Tile
from services.dashboard.service_client import NotAuthorised, ServiceClient, ServiceUnavailable


@dataclass(frozen=True, slots=True)
class TileCount:
    """A tile and its number; None where the service that keeps its list is away."""

    tile: Tile
    number: Count | None

    @property
    def late(self) -> bool:
        """Tell whether something on its list is late for certain."""
        return bool(self.tile.flag) and self.number is not None and self.number.count > 0


@dataclass(frozen=True, slots=True)
class OpenedTile:
    """A tile and the list behind it; None where the service that keeps it is away."""

    tile: Tile
    listing: Listing | None


async def count_all(reach: ServiceClient, tiles: Sequence[Tile], token: str) -> list[TileCount]:
    """Return the tiles of a board with their numbers; a tile whose list the person may not read is left out."""
    counted = await asyncio.gather(*(_count(reach, tile, token) for tile in tiles))
    return [tile_count for tile_count in counted if tile_count is not None]


def all_answered(tile_counts: Sequence[TileCount]) -> bool:
    """Tell whether every list of a board is known to be empty."""
    return all(entry.number is not None and entry.number.count == 0 for entry in tile_counts)


async def open_named(reach: ServiceClient, tiles: Sequence[Tile], name: str, token: str) -> OpenedTile | None:
    """Return the tile of that name with its list, or None where this person's board has no such tile."""
    tile = next((tile for tile in tiles if tile.name == name), None)
    if tile is None:
        return None
    try:
        return OpenedTile(tile, await reach.listing(tile, token))
    except ServiceUnavailable:
        return OpenedTile(tile, None)
    except NotAuthorised:
        return None


async def _count(reach: ServiceClient, tile: Tile, token: str) -> TileCount | None:
    try:
        return TileCount(tile, await reach.count(tile, token))
    except ServiceUnavailable:
        return TileCount(tile, None)
    except NotAuthorised:
        return None
