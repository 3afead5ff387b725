"""The whole ledger as one snapshot, streamed: what a verifier and an export read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg

from kernel.ledger.stored_state import IndexedEntry, altered, shredded_of, wrong_heads, wrong_nodes
from kernel.ledger.verify import Entry, Finding, Violation

CHECKPOINTS = "SELECT note FROM ledger.checkpoint ORDER BY size"
LEAVES = "SELECT index, header, hash FROM ledger.leaf ORDER BY index"
HEADS = "SELECT size, root, note FROM ledger.checkpoint ORDER BY size"
FILED = "SELECT index, header, subject::text, salt, detail FROM ledger.leaf ORDER BY index"
# The act stands first in a canonical header.
SHREDDED = (
    """SELECT index, header FROM ledger.leaf WHERE substring(header FOR 17) = convert_to('{"act":"shredded"', 'UTF8')"""
)
HEAD = "SELECT size, (SELECT coalesce(max(size), 0) FROM ledger.checkpoint) FROM ledger.head"
HASHES = "SELECT index, hash FROM ledger.leaf ORDER BY index"
# A node comes about with the last leaf that it covers, the lower ones first.
NODES = "SELECT level, index, hash FROM ledger.node ORDER BY (index + 1) << level, level"
BEGAN = "SELECT transaction_timestamp()"
AT_A_TIME = 5_000


class LedgerSnapshot:
    """The ledger as it was when the reading began."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def checkpoints(self) -> Iterator[str]:
        """Yield the signed notes, the smallest tree first."""
        for (note,) in self._stream("checkpoints", CHECKPOINTS):
            yield note

    def entries(self) -> Iterator[Entry]:
        """Yield each entry with the hash that is kept beside it."""
        for index, header, leaf in self._stream("leaves", LEAVES):
            yield index, bytes(header), bytes(leaf)

    def at(self) -> datetime:
        """Return the database's instant at which the reading began: what was promised for earlier is in the tree."""
        ((at,),) = self._connection.execute(BEGAN).fetchall()
        began: datetime = at
        return began

    def stored_state_findings(self, vkey: str) -> Iterator[Finding]:
        """Yield what is wrong with what is kept beside the entries, whatever is wrong with those themselves."""
        shredded = shredded_of(self._stream("shredded", SHREDDED))
        yield from altered((IndexedEntry(*row) for row in self._stream("filed", FILED)), shredded)
        leaves = ((index, leaf) for index, leaf in self._stream("hashes", HASHES))
        yield from wrong_nodes(
            leaves, ((level, index, digest) for level, index, digest in self._stream("nodes", NODES))
        )
        yield from wrong_heads(self._stream("heads", HEADS), vkey)
        for size, signed in self._stream("head", HEAD):
            if size != signed:
                yield Finding(Violation.WRONG_HEAD, size)

    def _stream(self, cursor_name: str, statement: str) -> Iterator[Any]:
        with self._connection.cursor(name=cursor_name, binary=True) as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(AT_A_TIME):
                yield from rows


@contextmanager
def reading(url: str) -> Iterator[LedgerSnapshot]:
    """Open the ledger at `url` (`postgresql+psycopg://...`) for reading; raises `psycopg.OperationalError`."""
    with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as connection:
        # One snapshot for heads and leaves: a batch that comes in between would look like a log cut short.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield LedgerSnapshot(connection)
