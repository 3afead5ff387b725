"""The whole ledger as one snapshot, streamed: what a verifier and an export read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from kernel.ledger.verify import Entry

CHECKPOINTS = "SELECT note FROM ledger.checkpoint ORDER BY size"
LEAVES = "SELECT index, header, hash FROM ledger.leaf ORDER BY index"
AT_A_TIME = 5_000


class Whole:
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

    def _stream(self, cursor_name: str, statement: str) -> Iterator[Any]:
        with self._connection.cursor(name=cursor_name, binary=True) as cursor:
            cursor.itersize = AT_A_TIME
            cursor.execute(statement)
            yield from cursor


@contextmanager
def reading(url: str) -> Iterator[Whole]:
    """Open the ledger at `url` (`postgresql+psycopg://...`) for reading; raises `psycopg.OperationalError`."""
    with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as connection:
        # One snapshot for heads and leaves: a batch that comes in between would look like a log cut short.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Whole(connection)
