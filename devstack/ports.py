"""Ports of the loopback interface that nobody else takes."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from cli.errors import SetupError

LOOPBACK = "127.0.0.1"
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 12_000
TRIES = 200
# Where `accord up` and `accord demo` listen when no folder is named, as the README's table of ports says.
FIXED: Mapping[str, int] = {
    "dashboard": 8400,
    "issuer": 8401,
    "intake": 8402,
    "consent": 8403,
    "law_enforcement_bridge": 8404,
    "referrals": 8405,
    "notifications": 8406,
    "exchange": 8407,
    "audit": 8408,
    "tasks": 8409,
    "exchange-worker": 8417,
    "exchange-relay": 8427,
    "notifications-worker": 8416,
    "dashboard-worker": 8410,
    "intake-worker": 8412,
    "postgres": 8432,
    "kafka": 8492,
    "kafka-controller": 8493,
}

_handed_out: set[int] = set()
_chance = random.SystemRandom()


def free_port() -> int:
    """Return a free port, never one that was returned before.

    It lies below the range the kernel takes for outgoing connections: a client that
    keeps asking for a server which is away may else connect to itself on that very
    port and so take it.  For a minute no other run is given it either.
    """
    highest = min(_ephemeral_start(), 32_768) - 1
    for _ in range(TRIES):
        port = _chance.randint(LOWEST, highest)
        if port not in _handed_out and _reserved(port):
            _handed_out.add(port)
            return port
    raise SetupError(
        "No free port was found on the loopback interface", "End programs that hold ports, then run it again."
    )


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
            trial.listen()
        except OSError:
            return False
    return True


def kept_port(previous: int | None) -> int:
    """Return the `previous` port if it is free, so that clients find the server again, or another."""
    return previous if previous is not None and is_free(previous) else free_port()


def fixed_ports(names: Collection[str], tell: Callable[[str], None]) -> dict[str, int]:
    """Return the fixed port of each part, or the next free one where it is taken by another program, which is told."""
    chosen = dict(FIXED)
    for name in names:
        if not is_free(port := FIXED[name]):
            others = set(chosen.values())
            chosen[name] = next(n for n in itertools.count(port + 1) if n not in others and is_free(n))
            tell(f"port {port} of {name} is taken by another program: {name} will listen on {chosen[name]}")
    return chosen


def _ephemeral_start() -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(EPHEMERAL.read_text().split()[0])
    return 32_768


def _reserved(port: int) -> bool:
    """Leave `port` in TIME_WAIT: a server may listen on it, a search for free ports passes it by."""
    with socket.socket() as strict, socket.socket() as server, socket.socket() as client:
        try:
            strict.bind((LOOPBACK, port))  # without SO_REUSEADDR: fails where another run reserved it
            strict.close()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((LOOPBACK, port))
            server.listen(1)
            client.connect((LOOPBACK, port))
            accepted, _ = server.accept()
            accepted.close()  # the side that closes first keeps the TIME_WAIT
        except OSError:
            return False
    return True
