"""What is late or due soon on a person's board, as rows one can act on; it stands above the numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from services.dashboard.desk import Desk
from services.dashboard.domain import NEVER, Item, Source, Tile
from services.dashboard.local_clock import Urgency
from services.dashboard.navigation import BOARD
from services.dashboard.service_client import NotAuthorised, RowsRow

MOST_ROWS: Final = 10
LOOKED_AT: Final = "20"  # of each list, the closest deadline first


@dataclass(frozen=True, slots=True)
class UrgentRow:
    """A row that is late or due soon, and the list that it stands in."""

    tile: Tile
    item: Item

    @property
    def place(self) -> str:
        """Return the page on which something can be done about it."""
        return self.item.page or f"{BOARD}/{self.tile.name}"


async def urgent_rows(desk: Desk, tiles: Sequence[Tile]) -> list[UrgentRow]:
    """Return up to ten rows that are late or due soon, the closest deadline first; lists that are away have none."""
    timed = [(tile, source) for tile in tiles if tile.columns[3] for source in tile.sources]
    lists = await asyncio.gather(*(_items(desk, source) for _, source in timed))
    rows = {item.ref: UrgentRow(tile, item) for (tile, _), items in zip(timed, lists, strict=True) for item in items}
    urgent = [row for row in rows.values() if _is_urgent(desk, row)]
    return sorted(urgent, key=lambda row: row.item.until or NEVER)[:MOST_ROWS]


async def _items(desk: Desk, source: Source) -> list[Item]:
    try:
        query = (*source.query, *source.closest_first, ("limit", LOOKED_AT))
        reply = await desk.read_if_there(source.service, source.path, RowsRow, query)
        return [] if reply is None else [source.read(row) for row in reply.row.of(source.member)]
    except (NotAuthorised, ValidationError, LookupError, TypeError):
        return []


def _is_urgent(desk: Desk, row: UrgentRow) -> bool:
    until = row.item.until
    return until is not None and desk.visit.clock.urgency(until, row.tile.soon) is not Urgency.NONE
