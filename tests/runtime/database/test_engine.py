"""Connections are asked whether they live, but not each time: one that the server ended is never given to anybody."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import engine as engines
from runtime.error_kinds import ErrorKind, classify
from runtime.http.error_mapping import problem_of
from runtime.http.problems import Unavailable
from tests.support.database import Database

BACKEND = text("SELECT pg_backend_pid()")


@pytest.fixture
async def bound(database: Database) -> AsyncIterator[AsyncEngine]:
    async_engine = engines.engine(database.url("accord_intake"), pool_size=2)
    yield async_engine
    await async_engine.dispose()


async def backend(bound: AsyncEngine) -> int:
    async with bound.connect() as connection:
        return int((await connection.execute(BACKEND)).scalar_one())


def record_pings(bound: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Note each time that a connection is asked."""
    dialect, noted = bound.sync_engine.dialect, list[object]()
    ping = dialect.do_ping

    def note(connection: object) -> bool:
        noted.append(connection)
        return bool(ping(connection))  # type: ignore[arg-type]

    monkeypatch.setattr(dialect, "do_ping", note)
    return noted


async def test_a_connection_that_the_server_ended_is_replaced_at_once(bound: AsyncEngine, database: Database) -> None:
    first = await backend(bound)
    with database.superuser() as outside:
        outside.execute("SELECT pg_terminate_backend(%s, 5000)", [first])

    second = await backend(bound)

    assert second != first


async def test_one_that_was_in_use_just_now_is_given_unasked(
    bound: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = record_pings(bound, monkeypatch)

    assert await backend(bound) == await backend(bound)
    assert not noted


async def test_one_that_rested_is_asked(bound: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = record_pings(bound, monkeypatch)
    monkeypatch.setattr(engines, "FRESH", 0.0)

    assert await backend(bound) == await backend(bound)
    assert len(noted) == 1


async def test_all_that_rest_are_replaced_when_one_was_ended(bound: AsyncEngine, database: Database) -> None:
    async with bound.connect() as first, bound.connect() as second:
        ended = {int((await connection.execute(BACKEND)).scalar_one()) for connection in (first, second)}
    with database.superuser() as outside:
        for pid in ended:
            outside.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    fresh = await asyncio.gather(backend(bound), backend(bound))

    assert not ended & set(fresh)


@pytest.mark.parametrize("end", ["commit", "rollback", "nothing", "an error"])
async def test_a_session_for_one_transaction_gives_its_connection_back(bound: AsyncEngine, end: str) -> None:
    maker = engines.sessions(bound)
    with contextlib.suppress(ZeroDivisionError):
        async with engines.one_session(maker) as session:
            await session.execute(text("SELECT set_config('accord.kept', 'yes', false)"))
            if end in ("commit", "rollback"):
                await getattr(session, end)()
            if end == "an error":
                raise ZeroDivisionError
    async with bound.connect() as connection:
        setting = (await connection.execute(text("SELECT current_setting('accord.kept', true) = 'yes'"))).scalar_one()
        checked_out = bound.pool.checkedout()  # type: ignore[attr-defined]

    assert bool(setting) is (end == "commit")
    assert checked_out == 1


async def test_an_exhausted_pool_waits_and_opens_no_extra_connection(bound: AsyncEngine) -> None:
    backends = {await backend(bound)}
    async with bound.connect() as left, bound.connect() as right:
        backends |= {int((await connection.execute(BACKEND)).scalar_one()) for connection in (left, right)}
        waiting = [asyncio.create_task(backend(bound)) for _ in range(6)]
        await asyncio.sleep(0.1)
        waited = not any(task.done() for task in waiting)

    assert waited
    assert set(await asyncio.gather(*waiting)) <= backends
    assert len(backends) == 2


async def test_h4_a_transaction_that_is_busy_for_too_long_is_ended(database: Database) -> None:
    async_engine = engines.engine(database.url("accord_intake"), seconds=1)
    async with engines.sessions(async_engine)() as session:
        await session.execute(text("SELECT pg_sleep(0.8)"))
        with pytest.raises(DBAPIError) as ended:
            await session.execute(text("SELECT pg_sleep(0.8)"))
        await session.invalidate()
    await async_engine.dispose()

    assert ended.value.orig.sqlstate == "25P04"  # type: ignore[union-attr]
    assert classify(ended.value) is ErrorKind.CONFLICT
    assert isinstance(problem_of(ended.value), Unavailable)


async def test_h4_whoever_waits_for_a_lock_is_told_before_that(bound: AsyncEngine) -> None:
    query = "SELECT current_setting('lock_timeout')::interval < current_setting('transaction_timeout')::interval"
    async with bound.connect() as connection:
        assert await connection.scalar(text(query))
