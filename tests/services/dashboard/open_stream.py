"""A browser that listens: it keeps one answer open and reads server-sent events as they come."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI

from tests.services.dashboard.browser import Browser

PATIENCE = 30.0


@dataclass
class Listening:
    """An open stream: its status, its headers and what came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    ended: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def events(self) -> list[dict[str, str]]:
        """Return the events that came, each as its fields; comments and pauses are none."""
        blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in self.text.split("\n\n")]
        return [block for block in blocks if "event" in block]

    def names(self) -> list[str]:
        return [event["event"] for event in self.events()]

    async def until(self, *names: str) -> list[dict[str, str]]:
        """Return all events once these have come."""
        async with asyncio.timeout(PATIENCE):
            while not set(names) <= set(self.names()):
                self.changed.clear()
                await self.changed.wait()
        return self.events()

    async def until_end(self) -> list[str]:
        async with asyncio.timeout(PATIENCE):
            while not self.ended:
                self.changed.clear()
                await self.changed.wait()
        return self.names()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message["body"].decode()
            self.ended = not message.get("more_body", False)
        self.changed.set()


@asynccontextmanager
async def listening(
    app: FastAPI, browser: Browser, address: str, headers: Mapping[str, str] = {}
) -> AsyncIterator[Listening]:
    """Keep a stream of the application open, with the browser's cookies; at the end the browser leaves."""
    parts = urlsplit(address)
    cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.client.cookies.jar)
    sent = {"accept": "text/event-stream", "cookie": cookie, "host": "board.test", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("board.test", 80),
    }
    stream, requested = Listening(), False

    async def receive() -> dict[str, Any]:
        nonlocal requested
        if not requested:
            requested = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await stream.left.wait()
        return {"type": "http.disconnect"}

    task = asyncio.create_task(app(scope, receive, stream.send))
    try:
        async with asyncio.timeout(PATIENCE):
            while not stream.status or ("live" not in stream.text and not stream.ended):
                await stream.changed.wait()
                stream.changed.clear()
                await asyncio.sleep(0)
        yield stream
    finally:
        stream.left.set()
        await asyncio.wait_for(task, PATIENCE)
