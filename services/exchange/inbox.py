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
from schemas.codes import Purpose
from services.exchange import store
from services.exchange.store import Listed, MailQueue

MOST_PAGES: Final = 10


async def page(
    unit: UnitOfWork, after: int, limit: int, case_ref: UUID | None = None, queue: MailQueue | None = None
) -> Page[Listed]:
    """Return up to `limit` messages behind the place `after`, and the one behind which the next page begins."""
    return await list_reads.page(partial(_fetch, unit, after, case_ref, queue), partial(_visible, unit), limit)


async def shows_anything(unit: UnitOfWork, case_ref: UUID) -> bool:
    """Tell whether the person could open any message of the case; of a case of ever so many, of the first 20,000."""
    after = 0
    for _ in range(MOST_PAGES):
        looked_at = await page(unit, after, 1, case_ref)
        if looked_at.rows or looked_at.last is None:
            return bool(looked_at.rows)
        after = looked_at.last.place
    return False


async def count(unit: UnitOfWork, queue: MailQueue | None = None) -> tuple[int, bool]:
    """Return how many messages of the mailbox the person could open now, and whether all were looked at."""
    refs = await store.messages_counted(unit.session, unit.agency_id, MOST_ROWS, queue)
    await list_reads.record_count(unit, "inbox")
    return await disclosure.count_openable(unit, refs), len(refs) < MOST_ROWS


async def mark_opened(unit: UnitOfWork, unread: Sequence[UUID], purpose: Purpose) -> None:
    """Take unread messages out of their queue, as far as this person may open them for the purpose now.

    The mark commits with their looks on record, or not at all.
    """
    openable = await disclosure.purposes_now(unit, unread) if unread else {}
    opened = [ref for ref, message in openable.items() if purpose in message.purposes]
    if opened:
        await store.mark_opened(unit.session, unit.agency_id, opened)


async def _fetch(
    unit: UnitOfWork, after: int, case_ref: UUID | None, queue: MailQueue | None, last: Listed | None, rows: int
) -> list[Listed]:
    behind = after if last is None else last.place
    return await store.messages_after(unit.session, unit.agency_id, behind, rows, case_ref, queue)


async def _visible(unit: UnitOfWork, rows: Sequence[Listed]) -> list[Listed]:
    openable = await disclosure.purposes_now(unit, [row.message_ref for row in rows])
    return [replace(row, fact_ref=openable[row.message_ref].fact_ref) for row in rows if row.message_ref in openable]
