"""Tracing on, against off

Two processes of intake in one town, on the same cases: one exports its spans to a collector over OTLP, the other
exports nothing.  Four clients post facts to one and to the other in turn, each fact offered to four agencies.

**Where the limit lies.**  What is exported comes to a span or so a fact (the bytes in the notes), not one for each
statement or row.  Exporting is batched, and costs its encoding, in the same process but outside the requests.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from benchmarks.load import INCIDENT, Wire
from benchmarks.measurement import Goal, in_turns, ratio
from benchmarks.running_town import Running, a_running_town
from devstack.ports import LOOPBACK, free_port
from devstack.processes import Program
from runtime.settings import KeyringSettings

CASES: Final = 40
CLIENTS: Final = 4
FACTS: Final = 120
READY_WITHIN: Final = 60.0


class Collector(ThreadingHTTPServer):
    """Takes what is exported, as a collector would, and counts it."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Taking)
        self.exports = 0
        self.bytes = 0


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Collector)
        self.server.exports += 1
        self.server.bytes += len(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def a_collector() -> Iterator[Collector]:
    """Run a collector."""
    collector = Collector()
    serving = threading.Thread(target=collector.serve_forever, daemon=True)
    serving.start()
    try:
        yield collector
    finally:
        collector.shutdown()
        collector.server_close()


@contextmanager
def another_intake(running: Running, name: str, otlp: str | None) -> Iterator[str]:
    """Run one more process of intake, which exports to `otlp` or nowhere; give its address."""
    started = running.started
    program = Program(name, ("services.intake.main", "api"), "accord_intake", "intake", KeyringSettings)
    started.ports[name] = free_port()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
        if otlp is not None:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", otlp)
        started.launch(program)
    try:
        asyncio.run(_ready(running, name))
        yield f"http://{LOOPBACK}:{started.ports[name]}"
    finally:
        started.running.pop(name).stop()
        del started.ports[name]


async def _ready(running: Running, name: str) -> None:
    async with asyncio.timeout(READY_WITHIN):
        while not await asyncio.to_thread(running.started.ready, name):
            await asyncio.sleep(0.1)


class Asking:
    """Clients of one intake that post facts one after the other."""

    def __init__(self, running: Running, url: str) -> None:
        self._running = running
        self._url = url
        self._tokens = running.tokens()
        self._body = json.dumps(INCIDENT).encode()

    def work(self, facts: int) -> None:
        """Post so many facts, a few at a time."""
        asyncio.run(self._work(facts))

    async def _work(self, facts: int) -> None:
        await asyncio.gather(*(self._client(number, facts // CLIENTS) for number in range(CLIENTS)))

    async def _client(self, number: int, facts: int) -> None:
        wire = Wire(self._url)
        token = self._tokens[number % len(self._tokens)]
        for place in range(facts):
            case = self._running.cases[(place * CLIENTS + number) % len(self._running.cases)]
            status = await wire.post(f"/v1/cases/{case.case_ref}/incidents", token, self._body)
            if status != 201:
                raise RuntimeError(f"a fact was answered {status}")
        wire.close()


def main() -> None:
    """Measure two processes of intake in one town, one of them traced."""
    with (
        a_running_town(CASES) as running,
        a_collector() as collector,
        another_intake(running, "intake-traced", f"http://{LOOPBACK}:{collector.server_port}") as traced,
        another_intake(running, "intake-untraced", None) as untraced,
    ):
        names = ("traced", "untraced")
        asking = {name: Asking(running, url) for name, url in zip(names, (traced, untraced), strict=True)}
        for caller in asking.values():
            caller.work(FACTS)
        results = in_turns({name: caller.work for name, caller in asking.items()}, at_once=dict.fromkeys(names, FACTS))
        ratio(
            "tracing",
            "facts a second with tracing against without",
            results["traced"],
            results["untraced"],
            Goal(0.85),
            exports=collector.exports,
            bytes_exported=collector.bytes,
            clients=CLIENTS,
        )


if __name__ == "__main__":
    main()
