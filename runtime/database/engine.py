"""Connections to PostgreSQL, set so that no driver text carries a datum out."""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from runtime import clock
from runtime.database import stall_detector

FRESH: Final = 1.0  # seconds since its last use in which a connection is not asked whether it lives
RESTS: Final = "rests since"
OLDEST_SERVER: Final = 170_000  # PostgreSQL 17, the first that ends a transaction which lasts too long
# ADR 0031: a list that held its subjects to the end of a long transaction held a stop back until it failed.
SECONDS: Final = 5
BATCH_SECONDS: Final = 25  # of those who move many at once and wait for a broker meanwhile


def timeouts(seconds: int) -> str:
    """Return the options by which the server itself ends what lasts longer than so many seconds.

    Nobody who holds a subject's lock may delay a revocation for long, whether paused, waiting or busy (hardening: the
    fence).  Whoever waits for a lock hears so a second before the transaction would be ended with its connection.
    """
    limits = {
        "transaction_timeout": seconds,
        "statement_timeout": min(seconds, 15),
        "lock_timeout": min(seconds - 1, 10),
        "idle_in_transaction_session_timeout": min(seconds, 10),
    }
    return " ".join(f"-c {name}={limit}s" for name, limit in limits.items())


def engine(url: str, *, pool_size: int = 10, service: str = "accord", seconds: int = SECONDS) -> AsyncEngine:
    """Return an engine for `url` (`postgresql+psycopg://...`); nothing is connected yet.

    Errors hide their parameters.  A transaction may last `seconds`, and within it a statement, a lock and a pause have
    limits of their own.  It holds `pool_size` connections at most, each made when it is first needed.
    """
    arguments: dict[str, Any] = {
        "options": timeouts(seconds),
        "application_name": f"accord-{service}",
        "connect_timeout": 3,
    }
    conninfo = url.replace("postgresql+psycopg://", "postgresql://")
    async_engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,  # a connection more for a moment costs the server a process and both a handshake, under load
        pool_timeout=3,
        connect_args={**arguments, "async_creator_fn": stall_detector.connecting(conninfo)},
    )
    _ask_before_use(async_engine.sync_engine)
    return async_engine


def _ask_before_use(bound: Engine) -> None:
    """Ask a connection whether it lives before anybody is given it, unless it was in use just now.

    Asking every time costs each request a round trip.  A server that ended a connection says so on it: then there is
    something to read, and it is asked however fresh it is.
    """

    @event.listens_for(bound, "checkin")
    def rests(_: object, record: ConnectionPoolEntry) -> None:
        record.info[RESTS] = clock.monotonic()

    @event.listens_for(bound, "checkout")
    def answers(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        since = record.info.get(RESTS)  # none where it is new
        if since is None or (clock.monotonic() - since < FRESH and not _spoken_to(connection.driver_connection)):
            return
        try:
            bound.dialect.do_ping(connection)
        except psycopg.Error:
            raise InvalidatePoolError from None


def _spoken_to(connection: psycopg.AsyncConnection[Any]) -> bool:
    try:
        asking = select.poll()
        asking.register(connection.pgconn.socket, select.POLLIN)
    except psycopg.Error:
        return True  # it is closed
    return bool(asking.poll(0))


@asynccontextmanager
async def one_session(maker: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """Give a session for one transaction, which rolls back unless whoever was given it commits.

    One that was committed gave its connection back already: then there is nothing left to close, which costs a task.
    """
    session = maker()
    try:
        yield session
    finally:
        if session.in_transaction():
            await asyncio.shield(asyncio.create_task(session.close()))


def sessions(bound: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return a maker of sessions whose rows stay readable after the commit."""
    return async_sessionmaker(bound, expire_on_commit=False, autoflush=False)
