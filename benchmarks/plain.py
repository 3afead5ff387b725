"""The same bytes without Accord: rows of plain tables that are as wide as ours, written by bare psycopg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.support.database import Database

# What one offer writes, by the table it goes to.
TABLES = {"carrying.offer": "message_ref", "carrying.outbox": "id", "ledger.pending": "id"}
# But for those that the server numbers.
COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 AND NOT attisdropped
AND attidentity = '' ORDER BY attnum
"""
NEWEST = {
    "carrying.offer": "SELECT {columns} FROM carrying.offer WHERE message_ref IN "
    "(SELECT message_ref FROM carrying.outbox ORDER BY id DESC LIMIT {rows})",
    "carrying.outbox": "SELECT {columns} FROM carrying.outbox ORDER BY id DESC LIMIT {rows}",
    "ledger.pending": "SELECT {columns} FROM ledger.pending ORDER BY id DESC LIMIT {rows}",
}


@dataclass(frozen=True)
class Rows:
    """Rows as one offer wrote them, for a table without walls, triggers or keys but its primary one."""

    insert: bytes
    copy: bytes
    values: list[Any]
    fresh: list[int]  # where a reference stands that must be another each time
    block: bytes  # the same rows as COPY takes them


class Plain:
    """Tables of the same columns, and the rows of one offer to write into them over and over."""

    def __init__(self, database: Database, rows: int) -> None:
        self.connection = psycopg.connect(database.postgres.superuser_url(database.name))
        self.connection.execute("CREATE SCHEMA plain")
        self.rows = [self._build(table, rows) for table in TABLES]
        self.connection.commit()

    def _build(self, table: str, rows: int) -> Rows:
        name = table.partition(".")[2]
        execute = self.connection.execute
        columns = [row[0] for row in execute(COLUMNS, [table])]
        execute(f"CREATE TABLE plain.{name} (LIKE {table} INCLUDING DEFAULTS INCLUDING IDENTITY)")
        execute(f"ALTER TABLE plain.{name} ADD PRIMARY KEY ({TABLES[table]})")
        execute(f"CREATE TABLE plain.{name}_copied (LIKE plain.{name} INCLUDING DEFAULTS INCLUDING IDENTITY)")
        listed = sql.SQL(", ").join(map(sql.Identifier, columns)).as_string(self.connection)
        newest = NEWEST[table].format(columns=listed, rows=rows)
        fetched = execute(newest).fetchall()
        placeholders = "(" + ", ".join(["%s"] * len(columns)) + ")"
        many = ", ".join([placeholders] * len(fetched))
        with self.connection.cursor().copy(f"COPY ({newest}) TO STDOUT") as lines:
            block = b"".join(bytes(part) for part in lines)
        return Rows(
            insert=f"INSERT INTO plain.{name} ({listed}) VALUES {many}".encode(),  # noqa: S608 - names of our own
            copy=f"COPY plain.{name}_copied ({listed}) FROM STDIN".encode(),
            values=[value for row in fetched for value in row],
            fresh=[i * len(columns) for i in range(len(fetched))] if columns[0] == "message_ref" else [],
            block=block,
        )

    def insert(self) -> None:
        """Write the rows of one offer, a statement for each table, and commit."""
        for rows in self.rows:
            for place in rows.fresh:
                rows.values[place] = uuid4()
            self.connection.execute(rows.insert, rows.values, prepare=True)
        self.connection.commit()

    def copy(self, offers: int) -> None:
        """Write the rows of so many offers by COPY, made ready before, and commit."""
        for rows in self.rows:
            with self.connection.cursor().copy(rows.copy) as copying:
                copying.write(rows.block * offers)
        self.connection.commit()


def chunks(units: int, size: int) -> Sequence[int]:
    """Return how units are split into chunks of a size, the last one smaller."""
    return [size] * (units // size) + ([units % size] if units % size else [])
