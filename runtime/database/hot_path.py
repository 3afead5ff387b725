"""The statements that every offer and every opening makes, given to the driver itself.

What SQLAlchemy does around a statement costs a multiple of what the driver does for it, and a door makes several.  The
transaction, its connection and the errors stay SQLAlchemy's: whoever catches those meets no others here.  It is paid
for by what `benchmarks/offers.py`, `benchmarks/openings.py`, `benchmarks/relay.py` and `benchmarks/worker.py` measure
(`docs/performance.md`); a statement that none of those makes goes through SQLAlchemy (ADR 0024).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

_CURSOR_KEY: Final = "accord.direct"


async def fetch_all(session: AsyncSession, statement: str, *values: Any) -> list[Any]:
    """Run a statement with `%s` for each value, within the session's transaction, and return its rows as tuples."""
    cursor = await _run(session, statement, values)
    return await cursor.fetchall()


async def execute(session: AsyncSession, statement: str, *values: Any) -> int:
    """Run a statement that writes, as `fetch_all` does, and return how many rows it wrote."""
    cursor = await _run(session, statement, values)
    return cursor.rowcount


async def _run(session: AsyncSession, statement: str, values: Sequence[Any]) -> psycopg.AsyncCursor[Any]:
    cursor = await _cursor(session)
    try:
        return await cursor.execute(statement, values, prepare=True, binary=True)
    except psycopg.Error as error:
        lost = cursor.connection.closed
        if lost:
            await (await session.connection()).invalidate()  # so that nobody is given it again, nor rolls back on it
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost
        ) from error


async def _cursor(session: AsyncSession) -> psycopg.AsyncCursor[Any]:
    # Asking for the connection costs a switch of greenlets each time, and a cursor a quarter of a statement; both are
    # for the whole transaction.  What a cursor has found is fetched before anybody else can come by it.
    cached = session.info.get(_CURSOR_KEY)
    transaction = session.sync_session.get_transaction()
    if cached is not None and transaction is not None and cached[0] is transaction:
        return cached[1]  # type: ignore[no-any-return]
    driver = await session.run_sync(_driver)
    session.info[_CURSOR_KEY] = session.sync_session.get_transaction(), driver.cursor()
    return session.info[_CURSOR_KEY][1]  # type: ignore[no-any-return]


def _driver(session: Session) -> psycopg.AsyncConnection[Any]:
    driver: Any = session.connection().connection.driver_connection
    return driver  # type: ignore[no-any-return]
