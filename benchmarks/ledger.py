"""The ledger: from a leaf to a signed tree, and back by one who trusts nothing

Leaves are put on record as the doors put them, a hundred a commit, and the sequencer takes them into the tree by the
thousand: hashes, nodes, a signed head, one commit. Against it: the same rows inserted into a plain table by bare
psycopg, a thousand a commit. Then the whole ledger is read and verified as `accord ledger verify` does it: every
entry's text, the tree, the signed heads, and what is kept beside them; the short form verifies what the rounds have
left and extrapolates, the long form fills it up to a million.

The limit of the sequencer is shared: of a leaf's CPU somewhat less than half is the server's, which inserts it with its
hash and deletes it from what waits, and the larger part is hashing, the nodes above it and their columns. The limit of
verifying is one core of Python: by cProfile a quarter is reading headers, each parsed and written anew to the letter so
that no line has two readings, a quarter the nodes kept beside them, a fifth the stream of rows. Following each look to
the releases that it names (ADR 0035) added a fifth: 20.5 and 24.7 s for a million on one machine, before and after.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.measurement import ROUNDS, Goal, Work, in_turns, keep, ratio, resident
from benchmarks.plain import chunks
from benchmarks.setup import a_server
from kernel.ledger.verify import verify_log
from runtime.database.engine import engine, sessions
from runtime.ledger import snapshot
from runtime.ledger.pending_entries import Leaf, append
from runtime.ledger.sequencer import BATCH, integrate
from tests.support.ledger import NOON, Log, an_offer_and_its_opening, own_database

PAIRS: Final = 1_000
A_COMMIT: Final = 100
ROUND: Final = 2_000
SHORT: Final = 50_000
LONG: Final = 1_000_000
FULL: Final = "on record, in the tree and signed"
RECORD: Final = "on record"
ROWS: Final = "the same rows, bare insert"
INSERT: Final = "INSERT INTO plain_leaf (header, salt, detail, subject) VALUES (%s, %s, %s, %s)"


async def put(session: AsyncSession, leaves: Sequence[Leaf], units: int) -> None:
    """Put so many leaves on record, a hundred a commit."""
    for size in chunks(units, A_COMMIT):
        await append(session, leaves[:size])
        await session.commit()


async def sequence(session: AsyncSession, log: Log, most: int = BATCH) -> None:
    """Take all that waits into the tree."""
    while await integrate(session, log.skey, most):
        pass


async def record_and_sequence(
    writer: AsyncSession, reader: AsyncSession, log: Log, leaves: Sequence[Leaf], units: int
) -> None:
    """Put leaves on record and take them into the tree."""
    await put(writer, leaves, units)
    await sequence(reader, log)


def inserting(connection: psycopg.Connection[Any], leaves: Sequence[Leaf]) -> Work:
    """Return the work of inserting the same rows into a plain table."""
    rows = [(leaf.header, leaf.salt, leaf.detail, leaf.subject) for leaf in leaves]
    connection.execute("CREATE TABLE plain_leaf (LIKE ledger.pending INCLUDING ALL)")
    connection.commit()

    def work(units: int) -> None:
        for size in chunks(units, BATCH):
            with connection.cursor() as cursor:
                cursor.executemany(INSERT, rows[:size])
            connection.commit()

    return work


def verified(log: Log) -> tuple[int, float, float]:
    """Verify the whole ledger; return how many entries it has, and how many seconds that took, by the clock and CPU."""
    began, used = time.perf_counter(), time.process_time()
    with snapshot.reading(log.database.url("accord_audit")) as read:
        findings = [*verify_log(read.entries(), read.checkpoints(), log.vkey), *read.stored_state_findings(log.vkey)]
    took, used = time.perf_counter() - began, time.process_time() - used
    if findings:
        raise AssertionError(str(findings[0]))
    return int(log.rows("SELECT count(*) FROM ledger.leaf")[0][0]), took, used


async def fill(writer: AsyncSession, reader: AsyncSession, log: Log, leaves: Sequence[Leaf], up_to: int) -> None:
    """Fill the ledger up to so many entries."""
    missing = up_to - int(log.rows("SELECT count(*) FROM ledger.leaf")[0][0])
    for size in chunks(max(0, missing), 20_000):
        for part in chunks(size, len(leaves)):
            await append(writer, leaves[:part])
        await writer.commit()
        await sequence(reader, log)


def main() -> None:
    """Measure appending, sequencing and verifying."""
    with a_server() as database, asyncio.Runner() as runner:
        log, beside = Log(own_database(database)), Log(own_database(database))  # of the other nothing is sequenced
        leaves = list(chain.from_iterable(an_offer_and_its_opening(NOON) for _ in range(PAIRS)))
        urls = log.database.url("accord_intake"), log.database.url("accord_audit"), beside.database.url("accord_intake")
        bound = [engine(url, pool_size=1) for url in urls]
        open_sessions = [sessions(database_engine)() for database_engine in bound]
        writer, reader, other = open_sessions
        plain = psycopg.connect(log.database.postgres.superuser_url(log.database.name))
        runner.run(record_and_sequence(writer, reader, log, leaves, 1))
        runner.run(put(other, leaves, 1))
        results = in_turns(
            {
                FULL: lambda units: runner.run(record_and_sequence(writer, reader, log, leaves, units)),
                RECORD: lambda units: runner.run(put(other, leaves, units)),
                ROWS: inserting(plain, leaves),
            },
            at_once={FULL: ROUND, RECORD: ROUND, ROWS: ROUND},
        )
        ratio("ledger", "leaves on record, in the tree and signed", results[FULL], results[ROWS])
        keep("ledger", "leaves a second", results[FULL].rate, "leaves/s", Goal(5_000), results[FULL].spread)
        ratio("ledger", "leaves on record", results[RECORD], results[ROWS], leaves_a_commit=A_COMMIT)
        runner.run(sequence(reader, log))
        runner.run(fill(writer, reader, log, leaves, SHORT if ROUNDS < 15 else LONG))
        for session in open_sessions:
            runner.run(session.close())
        for database_engine in bound:
            runner.run(database_engine.dispose())
        plain.close()
        entries, took, used = verified(log)
        seconds = took * 1_000_000 / entries
        keep(
            "ledger",
            "verifying a million entries",
            seconds,
            "s",
            Goal(30, at_most=True),
            entries=entries,
            how="measured" if entries >= LONG else "extrapolated",
            CPU_us_an_entry=round(used / entries * 1e6, 1),
            resident_MiB=round(resident()["measuring"]),
        )


if __name__ == "__main__":
    main()
