"""The tree as it is kept: hashes of complete subtrees and signed heads, for whoever extends it or proves from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.merkle import Lookup, Node

# A leaf's own hash stands beside its text; ledger.node holds what is above the leaves.
NODES = text("""
SELECT n.level, n.index, n.hash FROM ledger.node AS n
JOIN unnest(CAST(:levels AS integer[]), CAST(:indexes AS bigint[])) AS w (level, index) USING (level, index)
UNION ALL SELECT 0, l.index, l.hash FROM ledger.leaf AS l WHERE l.index = ANY(CAST(:leaves AS bigint[]))
""")
NEWEST = text("SELECT size, note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
PUBLISHED = text("""
SELECT c.size, c.note FROM ledger.published JOIN ledger.checkpoint AS c USING (size)
WHERE CAST(:size AS bigint) IS NULL OR size = :size ORDER BY size DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head: the note that names the root of the first `size` leaves."""

    size: int
    note: str


async def nodes(session: AsyncSession, positions: Iterable[Node]) -> Lookup:
    """Return a function that tells the hash of each node at `positions`; raises `KeyError` for one not there."""
    listed = list(positions)
    above = [node for node in listed if node[0]]
    rows = await session.execute(
        NODES,
        {
            "levels": [level for level, _ in above],
            "indexes": [index for _, index in above],
            "leaves": [index for level, index in listed if level == 0],
        },
    )
    hashes = {(level, index): bytes(digest) for level, index, digest in rows}
    return lambda level, index: hashes[level, index]


async def newest_head(session: AsyncSession) -> Head | None:
    """Return the newest signed head, published or not, or None where nothing was signed yet."""
    row = (await session.execute(NEWEST)).one_or_none()
    return None if row is None else Head(row.size, row.note)


async def published_head(session: AsyncSession, size: int | None = None) -> Head | None:
    """Return the head that was published at this very size, or the newest; None where there is none."""
    row = (await session.execute(PUBLISHED, {"size": size})).one_or_none()
    return None if row is None else Head(row.size, row.note)
