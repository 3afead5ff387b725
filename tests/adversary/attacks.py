"""The worst that one token, or none, can do to a process that answers requests.

    python -m tests.adversary.attacks <name> <service>:<port>[,<service>:<port>...] [token]

Each attack is a process of its own, as an attacker's machine would be, and goes on until it is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

SERVICES: Final = Path(__file__).parents[2] / "services"
PARAMETER: Final = re.compile(r"\{[^}]*\}")
Ports = Mapping[str, int]  # of each service
Attack = Callable[[Ports, str], Coroutine[Any, Any, None]]
SILENT: Final = 1_500
AT_ONCE: Final = 140
FLOOD: Final = 64
PAUSE: Final = 0.05


async def again(many: int, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` so many times at once, each again as soon as it ends."""

    async def repeat() -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await work()
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*(repeat() for _ in range(many)))


def head(method: str, path: str, token: str, length: int | None = None) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: a", f"authorization: Bearer {token}"]
    lines += ["content-type: application/json", f"content-length: {length}"] if length is not None else []
    return ("\r\n".join([*lines, "", ""])).encode()


async def until_closed(port: int, sent: bytes, then: bytes = b"", every: float = 1.0) -> None:
    """Send some bytes, then some more now and then, until the other side has had enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        while not reader.at_eof():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every):
                    if not await reader.read(65_536):
                        return
            writer.write(then)
            await writer.drain()
    finally:
        writer.transport.abort()


async def flood(port: int, requests: Callable[[], bytes]) -> None:
    """Ask on one connection again and again, as fast as answers come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(requests())
            answer = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n") if b": " in line)
            await reader.readexactly(int(fields.get(b"content-length", b"0")))
    finally:
        writer.transport.abort()


def drafts() -> str:
    """Return a path of consent that takes a body, of a case that nobody has."""
    return f"/v1/cases/{uuid4()}/directives"


def stops() -> str:
    """Return the path of a stop, of a case that nobody has."""
    return f"/v1/cases/{uuid4()}/revocation"


HEAP: Final = b"[" + b",".join([b"1"] * 500_000) + b"]"
MOST: Final = json.dumps({"categories": ["x"] * 990}).encode()


async def heap(port: int, token: str, body: bytes) -> None:
    """Send one large body of many small values, and read the answer."""
    await until_closed(port, head("POST", drafts(), token, len(body)) + body, every=5.0)


def requests_of(service: str, token: str) -> Callable[[], bytes]:
    """Return a function that gives, one after the other, a request to each route that a service describes."""
    described = json.loads((SERVICES / service / "openapi.json").read_text())["paths"]
    routes = cycle([(path, method.upper()) for path, item in described.items() for method in item])

    def request() -> bytes:
        path, method = next(routes)
        named = PARAMETER.sub(lambda _: str(uuid4()), path)
        body = b"" if method in ("GET", "DELETE") else b"{}"
        return head(method, named, token, len(body) if body else None) + body

    return request


async def every_route(ports: Ports, token: str) -> None:
    """Flood every route of every service at once."""
    floods = [(port, requests_of(service, token)) for service, port in ports.items()]
    floods_per_service = -(-2 * FLOOD // len(floods))
    await asyncio.gather(*(again(floods_per_service, partial(flood, port, requests)) for port, requests in floods))


def on_consent(attack: Callable[[int, str], Coroutine[Any, Any, None]]) -> Attack:
    """Return the attack on the process that takes stops."""
    return lambda ports, token: attack(ports["consent"], token)


AT_CONSENT: Final[dict[str, Callable[[int, str], Coroutine[Any, Any, None]]]] = {
    "silent connections": lambda port, _: again(SILENT, lambda: until_closed(port, b"")),
    "heads that trickle": lambda port, _: again(SILENT, lambda: until_closed(port, b"GET / HTTP/1.1\r\n", b"x: y\r\n")),
    "slow bodies": lambda port, token: again(
        AT_ONCE, lambda: until_closed(port, head("POST", drafts(), token, 1_000) + b"{", b" ")
    ),
    "slow bodies of stops": lambda port, token: again(
        AT_ONCE, lambda: until_closed(port, head("POST", stops(), token, 1_000) + b"{", b" ")
    ),
    "heaps of small numbers": lambda port, token: again(FLOOD, lambda: heap(port, token, HEAP)),
    "the largest bodies allowed": lambda port, token: again(FLOOD, lambda: heap(port, token, MOST)),
    "a flood without a token": lambda port, _: again(
        2 * FLOOD, lambda: flood(port, lambda: head("POST", stops(), "nobody's", 0))
    ),
    "a flood of looks": lambda port, token: again(
        2 * FLOOD, lambda: flood(port, lambda: head("GET", f"/v1/directives/{uuid4()}", token))
    ),
    "a flood of stops": lambda port, token: again(
        2 * FLOOD, lambda: flood(port, lambda: head("POST", stops(), token, 0))
    ),
}
ATTACKS: Final[dict[str, Attack]] = {name: on_consent(attack) for name, attack in AT_CONSENT.items()} | {
    "a flood of every route of every service": every_route
}


def main(name: str, addresses: str, token: str = "") -> None:
    """Attack until ended."""
    ports = {service: int(port) for service, _, port in (address.partition(":") for address in addresses.split(","))}
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    asyncio.run(ATTACKS[name](ports, token))


if __name__ == "__main__":
    main(*sys.argv[1:])
