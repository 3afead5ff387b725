"""A stretch of the ledger, read as a verifier reads it: whose entries they are plays no part, and none leaves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.merkle import frontier
from kernel.ledger.verify import Entry, Finding, verify_log
from runtime.ledger.tree_store import nodes

MOST_ENTRIES: Final = 5_000  # about half a second of one core

START: Final = text("""
SELECT coalesce(max(size), 0) FROM ledger.published WHERE size <= CAST(:until AS bigint) - :most
""")
ENTRIES: Final = text("""
SELECT index, header, hash FROM ledger.leaf WHERE index >= :start AND index < :until ORDER BY index
""")
NOTES: Final = text("""
SELECT c.note FROM ledger.published JOIN ledger.checkpoint AS c USING (size)
WHERE size >= :start AND size <= :until AND size > 0 ORDER BY size
""")
STATUS: Final = text("""
SELECT register.instant() AS at, h.size, h.published_at, count(p.id) AS waiting,
    min(substring(p.header FROM position('"at":"'::bytea IN p.header) + 6 FOR 27)) AS waiting_since
FROM (SELECT max(size) AS size, max(published_at) AS published_at FROM ledger.published) AS h
LEFT JOIN (SELECT id, header FROM ledger.pending ORDER BY id LIMIT 1000) AS p ON true GROUP BY h.size, h.published_at
""")


@dataclass(frozen=True, slots=True)
class Stretch:
    """The entries from `start` up to `until`, and all that is wrong with them."""

    start: int
    until: int
    checkpoints: int
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the published ledger reaches, and how many entries (up to 1,000) wait for the tree since when."""

    size: int
    published_at: datetime | None
    waiting: int
    waiting_since: datetime | None
    at: datetime


async def verify(session: AsyncSession, until: int, vkey: str) -> Stretch:
    """Check up to about `MOST_ENTRIES` entries that end at the published size `until`, from a published size on."""
    start = int(await session.scalar(START, {"until": until, "most": MOST_ENTRIES}) or 0)
    positions = frontier(start)
    node = await nodes(session, positions)
    peaks = [node(*position) for position in positions]
    bounds = {"start": start, "until": until}
    rows: list[Entry] = [(row[0], bytes(row[1]), bytes(row[2])) for row in await session.execute(ENTRIES, bounds)]
    notes = list(await session.scalars(NOTES, bounds))
    findings = await asyncio.to_thread(verify_log, rows, notes, vkey, start=start, peaks=peaks)
    return Stretch(start, until, len(notes), findings)


async def freshness(session: AsyncSession) -> Freshness:
    """Return how fresh the record is."""
    row = (await session.execute(STATUS)).one()
    since = None if row.waiting_since is None else datetime.fromisoformat(bytes(row.waiting_since).decode())
    return Freshness(row.size or 0, row.published_at, row.waiting, since, row.at)
