"""Connections to PostgreSQL, set so that no driver text carries a datum out."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

# A paused holder of a subject's lock must not delay a revocation for long (hardening: the fence),
# so the server itself ends what stands still.
TIMEOUTS = "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=10000"


def engine(url: str, *, pool_size: int = 10, service: str = "accord") -> AsyncEngine:
    """Return an engine for `url` (`postgresql+psycopg://...`); nothing is connected yet.

    Errors hide their parameters; a statement, a lock and an idle transaction each have a limit in seconds.
    """
    arguments: dict[str, Any] = {"options": TIMEOUTS, "application_name": f"accord-{service}", "connect_timeout": 3}
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        connect_args=arguments,
    )


def sessions(bound: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return a maker of sessions whose rows stay readable after the commit."""
    return async_sessionmaker(bound, expire_on_commit=False, autoflush=False)
