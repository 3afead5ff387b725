"""The lists of a mailbox: pages of the messages that a person could open now, and no trace of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS, Page
from services.exchange import store
from services.exchange.store import Listed

MOST_PAGES: Final = 10


async def page(unit: UnitOfWork, after: int, limit: int, case_ref: UUID | None = None) -> Page[Listed]:
    """Return up to `limit` messages behind the place `after`, and the one behind which the next page begins."""
    return await list_reads.page(partial(_fetch, unit, after, case_ref), partial(_visible, unit), limit)


async def shows_anything(unit: UnitOfWork, case_ref: UUID) -> bool:
    """Tell whether the person could open any message of the case; of a case of ever so many, of the first 20,000."""
    after = 0
    for _ in range(MOST_PAGES):
        looked_at = await page(unit, after, 1, case_ref)
        if looked_at.rows or looked_at.last is None:
            return bool(looked_at.rows)
        after = looked_at.last.place
    return False


async def count(unit: UnitOfWork) -> tuple[int, bool]:
    """Return how many messages of the mailbox the person could open now, and whether all were looked at."""
    rows = await store.messages_after(unit.session, unit.agency_id, 0, MOST_ROWS)
    await list_reads.record_count(unit, "inbox")
    return len(await _visible(unit, rows)), len(rows) < MOST_ROWS


async def _fetch(unit: UnitOfWork, after: int, case_ref: UUID | None, last: Listed | None, rows: int) -> list[Listed]:
    behind = after if last is None else last.place
    return await store.messages_after(unit.session, unit.agency_id, behind, rows, case_ref)


async def _visible(unit: UnitOfWork, rows: Sequence[Listed]) -> list[Listed]:
    openable = await disclosure.purposes_now(unit, [row.message_ref for row in rows])
    return [replace(row, fact_ref=openable[row.message_ref].fact_ref) for row in rows if row.message_ref in openable]
