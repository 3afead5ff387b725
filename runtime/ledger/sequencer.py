"""The sequencer: pending leaves into the tree, batch by batch, each under one newly signed head.

A batch is one transaction under the lock of the head row, so that however many sequencers run, and wherever one
dies, a leaf is in the tree once and the heads that were signed never contradict one another.

Each batch is signed for the sequencer's own sake.  To others the exact size would tell of single events by the half
second, so that heads are published by a timer, over a padded tree.

Leaves go in by the order of their ids as one snapshot shows them, and so no opening comes before its offer: an
opening reads an offer that was committed, hence its leaf takes a later number of the one sequence, and a snapshot
that shows the opening's leaf shows the offer's as well, unless the tree has it already.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from kernel.ledger import note
from kernel.ledger.entry import padding
from kernel.ledger.merkle import EMPTY_ROOT, frontier, leaf_hash, push, root_of
from runtime import clock, failpoints
from runtime.database.arrays import bigints, byteas, smallints
from runtime.database.clock import database_now
from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.database.hot_path import execute, fetch_all
from runtime.error_kinds import safe_error_name
from runtime.ledger.pending_entries import columns, leaf
from runtime.ledger.tree_store import newest_head, nodes
from runtime.retry import pause
from runtime.settings import LedgerSettings
from runtime.telemetry import log_fields, metrics
from runtime.telemetry.error_ids import error_id

BATCH: Final = 1_000
POLL_INTERVAL_SECONDS: Final = 0.5  # between two looks at what waits; a full batch is followed by the next at once
WELL_WITHIN_SECONDS: Final = 5.0
# ADR 0035: heads go out by a timer over a padded tree, so that their sizes tell an auditor of no single event.
PUBLISHED_EVERY: Final = timedelta(seconds=10)
PADDED_TO: Final = 32  # entries
NOTHING: Final = note.Checkpoint("", 0, EMPTY_ROOT)
log = logging.getLogger(__name__)

# A sequencer does not queue behind another: what that one takes it need not look at.
HEAD = text("SELECT size FROM ledger.head FOR UPDATE SKIP LOCKED")
# A statement of its own, after the lock: a snapshot taken earlier might show rows that are in the tree by now.
WAITING = "SELECT id, header, register.instant() FROM ledger.pending ORDER BY id LIMIT %s"
MOVE = "SELECT ledger.integrate(%s)"
GROW = """
INSERT INTO ledger.node (level, index, hash)
SELECT * FROM unnest(CAST(%s AS smallint[]), CAST(%s AS bigint[]), CAST(%s AS bytea[]))
"""
SIGNED = text("""
WITH signed AS (
    INSERT INTO ledger.checkpoint (size, root, note, signed_at) VALUES (:size, :root, :note, :at) RETURNING size
)
UPDATE ledger.head SET size = signed.size FROM signed
""")
DUE = text("""
SELECT h.size > coalesce(p.size, 0)
    AND register.instant() >= coalesce(p.published_at + CAST(:every AS interval), '-infinity')
FROM ledger.head AS h LEFT JOIN (
    SELECT size, published_at FROM ledger.published ORDER BY size DESC LIMIT 1
) AS p ON true
""")
PAD = """
INSERT INTO ledger.pending (header, salt, detail, subject)
SELECT * FROM unnest(CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS uuid[]))
RETURNING id, header, register.instant()
"""
PUBLISH = text("INSERT INTO ledger.published (size, published_at) VALUES (:size, register.instant())")
DEPTH = text("SELECT count(*) FROM ledger.pending")


class PendingEntry(NamedTuple):
    """A leaf that is not in the tree yet, and when this was asked."""

    id: int
    header: bytes
    at: datetime


class HeadMismatch(Exception):
    """The tree is not the one whose head was signed last, or another key signed it: nothing more is signed."""


@dataclass(frozen=True, slots=True)
class Tree:
    """How far the tree has grown, and the hashes of its largest complete subtrees."""

    size: int
    peaks: list[bytes]


async def integrate(session: AsyncSession, skey: str, most: int = BATCH) -> int:
    """Take up to `most` pending leaves into the tree, sign its new head, commit, and return how many it took.

    0 where nothing waits or another sequencer is at it.  Raises `HeadMismatch` rather than sign another history.
    """
    size = await session.scalar(HEAD)
    waiting = [] if size is None else [PendingEntry(*row) for row in await fetch_all(session, WAITING, most)]
    if size is None or not waiting:
        await session.rollback()
        return 0
    tree = await _tree(session, size, note.vkey_of(skey))
    failpoints.hit("sequencer.after_take")
    await _take(session, tree, waiting, skey)
    failpoints.hit("sequencer.before_commit")
    await session.commit()
    failpoints.hit("sequencer.after_commit")
    return len(waiting)


async def publish(session: AsyncSession, skey: str, every: timedelta = PUBLISHED_EVERY) -> bool:
    """Publish a head of what is in the tree, commit, and tell whether that was done.

    Not where nothing is new, where another was published less than `every` ago, nor where another sequencer is at it.
    The tree is padded first, to the next multiple of `PADDED_TO` entries: a published size tells of no single event.
    Raises `HeadMismatch` rather than sign another history.
    """
    size = await session.scalar(HEAD)
    if size is None or not await session.scalar(DUE, {"every": every}):
        await session.rollback()
        return False
    if size % PADDED_TO:
        tree = await _tree(session, size, note.vkey_of(skey))
        at = await database_now(session)
        blanks = [leaf({}, None, **padding(at)) for _ in range(-size % PADDED_TO)]
        await _take(
            session, tree, [PendingEntry(*row) for row in await fetch_all(session, PAD, *columns(blanks))], skey
        )
    await session.execute(PUBLISH, {"size": size + -size % PADDED_TO})
    await session.commit()
    return True


async def _take(session: AsyncSession, tree: Tree, waiting: Sequence[PendingEntry], skey: str) -> None:
    """Move these leaves into the tree and sign its new head."""
    await _grow(session, tree, waiting)
    failpoints.hit("sequencer.after_move")
    await _sign(session, tree.size + len(waiting), root_of(tree.peaks), waiting[0].at, skey)


async def _tree(session: AsyncSession, size: int, vkey: str) -> Tree:
    """Return the tree as it stands, having held it against what was signed last."""
    positions = frontier(size)
    node = await nodes(session, positions)
    newest = await newest_head(session)
    try:
        peaks = [node(level, index) for level, index in positions]
        signed = NOTHING if newest is None else note.verify_checkpoint(newest.note, vkey)
    except (KeyError, note.Malformed, note.NotSigned):
        raise HeadMismatch from None
    if (signed.size, signed.root) != (size, root_of(peaks)):
        raise HeadMismatch
    return Tree(size, peaks)


async def _grow(session: AsyncSession, tree: Tree, waiting: Sequence[PendingEntry]) -> None:
    """Move the leaves into the tree; its peaks grow in place."""
    hashes = [leaf_hash(row.header) for row in waiting]
    grown = [node for index, digest in enumerate(hashes, tree.size) for node in push(tree.peaks, index, digest)[1:]]
    ((moved,),) = await fetch_all(session, MOVE, bigints([row.id for row in waiting]))
    if moved != len(waiting):
        raise HeadMismatch
    levels, indexes, above = zip(*grown, strict=True) if grown else ((), (), ())
    await execute(session, GROW, smallints(levels), bigints(indexes), byteas(above))


async def _sign(session: AsyncSession, size: int, root: bytes, at: object, skey: str) -> None:
    origin = note.vkey_of(skey).partition("+")[0]
    signed = note.sign(note.Checkpoint(origin, size, root).text(), skey)
    await session.execute(SIGNED, {"size": size, "root": root, "note": signed, "at": at})


class Sequencer:
    """Integrates what waits within a second, for as long as it runs; any number may run at once."""

    def __init__(
        self, settings: LedgerSettings, *, batch: int = BATCH, poll_interval: float = POLL_INTERVAL_SECONDS
    ) -> None:
        self._settings = settings
        self._batch = batch
        self._poll_interval = poll_interval
        self._well_at: float | None = None

    async def healthy(self) -> bool:
        """Tell whether a round went well within the last seconds."""
        return self._well_at is not None and clock.monotonic() - self._well_at < WELL_WITHIN_SECONDS

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Integrate beside whatever is done within; raises `Malformed` without a key that signs."""
        skey = _read_key(self._settings)
        # Connections of its own: requests that wait for one must not hold up the record, nor it them.
        bound = engine(
            self._settings.database, pool_size=1, service=f"{self._settings.service}-sequencer", seconds=BATCH_SECONDS
        )
        stopping = asyncio.Event()
        task = asyncio.create_task(self._run(sessions(bound), skey, stopping))
        try:
            yield
        finally:
            stopping.set()
            await task
            await bound.dispose()

    async def _run(self, session_maker: async_sessionmaker[AsyncSession], skey: str, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                async with session_maker() as session:
                    count = await integrate(session, skey, self._batch)
                    if count < self._batch:
                        await publish(session, skey, timedelta(seconds=self._settings.checkpoint_seconds))
                        metrics.ledger_pending(int((await session.execute(DEPTH)).scalar_one()))
                self._well_at = clock.monotonic()
            except HeadMismatch as mismatch:
                count, self._well_at = 0, None
                log.critical("ledger_head_mismatch", extra=log_fields(error_id=error_id(mismatch)))
            except Exception as failed:  # whatever it was, nothing is half done and the leaves still wait
                count = 0
                log.warning(
                    "sequencer_blocked", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed))
                )
            if count < self._batch:
                await pause(stopping, self._poll_interval)


def _read_key(settings: LedgerSettings) -> str:
    skey = settings.ledger_key_file.read_text(encoding="utf-8").strip()
    note.vkey_of(skey)
    return skey
