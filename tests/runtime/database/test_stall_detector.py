"""A server that stands still is found out in seconds; a wait for a lock is not taken for that."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import stall_detector
from runtime.database.engine import engine, sessions
from tests.runtime.http import sample_app
from tests.support.database import Database
from tests.support.web import Web

LOCK = "SELECT register.lock_exclusive(ARRAY[CAST(990017 AS bigint)])"


class Between:
    """Stands between a client and the server, and lets nothing by once it is told to."""

    def __init__(self, database: Database, role: str) -> None:
        self._url = database.url(role)
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[str]:
        """Give the address to connect to."""
        parts = urlsplit(self._url)
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            yield self._url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
        finally:
            server.close()
            for line in self._lines:
                line.transport.abort()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self._url)
        server_reader, server_writer = await asyncio.open_connection(parts.hostname, parts.port)
        self._lines += [server_writer, writer]
        for a, b in ((reader, server_writer), (server_reader, writer)):
            task = asyncio.get_running_loop().create_task(self._pass(a, b))
            self._tasks.add(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self.goes_on.wait()
            writer.write(data)
        writer.transport.abort()


@pytest.fixture
async def between(database: Database) -> AsyncIterator[tuple[Between, AsyncEngine]]:
    proxy = Between(database, "accord_intake")
    async with proxy.standing() as url:
        bound = engine(url, pool_size=2)
        yield proxy, bound
        proxy.goes_on.set()
        await bound.dispose()


async def test_d7_a_database_that_stands_still_is_told_in_seconds(between: tuple[Between, AsyncEngine]) -> None:
    proxy, bound = between
    async with sessions(bound)() as session:
        await session.execute(text("SELECT 1"))
    proxy.goes_on.clear()
    took = []
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(OperationalError):
            async with sessions(bound)() as session:
                await session.execute(text("SELECT 1"))
        took.append(time.monotonic() - began)
    proxy.goes_on.set()
    await asyncio.sleep(stall_detector.KNOWN_SECONDS)

    async with sessions(bound)() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    assert max(took) < 5


async def test_a_wait_for_a_lock_outlasts_the_suspicion(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.setattr(stall_detector, "SUSPECT_SECONDS", 0.2)
    async with Between(database, "accord_consent").standing() as url:
        bound = engine(url, pool_size=2)
        async with sessions(bound)() as holder, sessions(bound)() as waiter:
            await holder.execute(text(LOCK))
            waiting = asyncio.create_task(waiter.execute(text(LOCK)))
            done, _ = await asyncio.wait({waiting}, timeout=1.5)
            await holder.rollback()
            await waiting
        await bound.dispose()

    assert done == set()


async def test_everywhere_a_database_that_stands_still_is_a_503(web: Web, between: tuple[Between, AsyncEngine]) -> None:
    proxy, bound = between
    opened = sessions(bound)
    app_state = web.app_state("accord_intake", sessions=opened, sessions_for_stops=opened)
    async with web.serving("intake", [sample_app.routes], app_state=app_state) as app, web.as_person(app, "ana") as ana:
        ready = await ana.get("/readyz")
        proxy.goes_on.clear()
        requests = [("POST", "/v1/things/stop"), ("GET", "/v1/things"), ("GET", "/v1/things"), ("GET", "/v1/things")]
        began = time.monotonic()
        answers = await asyncio.gather(*(_ask(ana, *request) for request in requests))
        took = time.monotonic() - began
        unready = await ana.get("/readyz")

    assert ready.status_code == 200
    assert [answer.status_code for answer in answers] == [503] * 4
    assert unready.status_code == 503
    assert took < 5


async def _ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    return await client.request(method, path, json={"word": "a"} if method == "POST" else None)


async def test_a_database_that_keeps_nothing_is_not_ready(web: Web, database: Database) -> None:
    """Read-only for one role: it answers every question, and the process says that it is not ready."""
    url = database.url("accord_intake")
    bound = engine(url, pool_size=1)
    opened = sessions(bound)
    app_state = web.app_state("accord_intake", sessions=opened, sessions_for_stops=opened)
    with database.superuser() as connection:
        connection.execute("ALTER ROLE accord_intake SET default_transaction_read_only = on")
    try:
        async with web.serving("intake", [sample_app.routes], app_state=app_state) as app, web.asking(app) as client:
            answer = await client.get("/readyz")
    finally:
        with database.superuser() as connection:
            connection.execute("ALTER ROLE accord_intake RESET default_transaction_read_only")
        await bound.dispose()

    assert answer.status_code == 503
    assert answer.json()["errors"] == [{"field": "database", "code": "missing"}]
