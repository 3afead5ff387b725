"""Debian's Firefox for Playwright, over WebDriver BiDi: `python -m tests.e2e.firefox` says whether there is one.

Playwright's own build of Firefox comes from nowhere but its makers; the one of a distribution speaks BiDi, and an ESR
lacks one command that each new window of Playwright begins with.  So this stands between both, says yes to that one
itself, and passes on all else: pages are not shown in another colour scheme, and nothing is missing besides.

ACCORD_FIREFOX    the browser to use, where it is not found by itself
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

NAMES: Final = ("firefox-esr", "firefox")
PLACES: Final = [place for place in (os.environ.get("ACCORD_FIREFOX"), *map(shutil.which, NAMES)) if place]
CHANNEL: Final = "moz-firefox"
UNKNOWN_TO_ESR: Final = frozenset({"emulation.setMediaFeaturesOverride"})
LISTENS: Final = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
HOW_TO_GET: Final = "install a Firefox (Debian: apt-get install firefox-esr), or name one in ACCORD_FIREFOX"


def launcher(folder: Path) -> Path:
    """Write the program that Playwright starts in place of Firefox; return where it is."""
    program = folder / "firefox-over-bidi"
    place = shlex.quote(str(Path(__file__).parents[2]))
    program.write_text(f'#!/bin/sh\ncd {place} && exec {shlex.quote(sys.executable)} -m tests.e2e.firefox "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


async def run(arguments: Sequence[str]) -> int:
    """Run Firefox with a line to it that knows every command; return its exit status."""
    firefox = await asyncio.create_subprocess_exec(PLACES[0], *arguments, stderr=asyncio.subprocess.PIPE)
    address = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(firefox, address))
    async with _listening(address) as port:
        await address
        sys.stderr.write(f"WebDriver BiDi listening on ws://127.0.0.1:{port}\n")
        sys.stderr.flush()
        status = await firefox.wait()
    reading.cancel()
    return status


async def _read(firefox: asyncio.subprocess.Process, address: asyncio.Future[str]) -> None:
    """Pass on what Firefox writes, but for the line that says where it listens."""
    assert firefox.stderr is not None
    async for line in firefox.stderr:
        match = LISTENS.search(line)
        if match is None:
            sys.stderr.buffer.write(line)
        elif not address.done():
            address.set_result(match[1].decode())


@asynccontextmanager
async def _listening(address: asyncio.Future[str]) -> AsyncIterator[int]:
    async def session(request: web.Request) -> web.WebSocketResponse:
        near = web.WebSocketResponse(max_msg_size=0)
        await near.prepare(request)
        async with ClientSession() as client, client.ws_connect(await address + "/session", max_msg_size=0) as far:
            await asyncio.gather(_commands(near, far), _answers(near, far), return_exceptions=True)
        return near

    app = web.Application()
    app.router.add_get("/session", session)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def _commands(near: web.WebSocketResponse, far: ClientWebSocketResponse) -> None:
    """Pass on what Playwright asks; say yes to what an ESR does not know."""
    async for message in near:
        if message.type is WSMsgType.TEXT:
            command = json.loads(message.data)
            if command.get("method") in UNKNOWN_TO_ESR:
                await near.send_str(json.dumps({"type": "success", "id": command["id"], "result": {}}))
            else:
                await far.send_str(message.data)
    await far.close()


async def _answers(near: web.WebSocketResponse, far: ClientWebSocketResponse) -> None:
    async for message in far:
        if message.type is WSMsgType.TEXT:
            await near.send_str(message.data)
    await near.close()


def main() -> int:
    """Run Firefox, or without arguments say whether there is one: exit status 1 where there is none."""
    if len(sys.argv) > 1:
        return asyncio.run(run(sys.argv[1:]))
    if not PLACES:
        sys.stderr.write(f"tests/e2e: not run: no Firefox on this machine; {HOW_TO_GET}\n")
    return 0 if PLACES else 1


if __name__ == "__main__":
    sys.exit(main())
