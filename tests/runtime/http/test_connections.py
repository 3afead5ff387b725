"""What a server takes of a connection: whole heads of one meaning, in time, and not too many at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from runtime.http.connections import length_of
from runtime.http.problems import Problem

ROOT = Path(__file__).parents[3]
SERVED = """
import asyncio
import sys
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from runtime.http.connections import ON_SHUTDOWN
from runtime.http.application import problem_application
from runtime.http.server import serve
from tests.support.web import settings_for
app = problem_application("trial")
@app.get("/fast")
async def fast() -> str:
    return "fast"
@app.get("/goes-on")
async def goes_on(request: Request) -> Response:
    ending = asyncio.Event()
    request.scope[ON_SHUTDOWN].append(ending.set)
    async def body():
        yield "begun"
        await ending.wait()
    return StreamingResponse(body())
limits = {"max_connections": 40, "max_connections_per_address": 30, "header_timeout_seconds": 1.0}
serve(app, settings_for("intake", port=int(sys.argv[1]), **limits))
"""
GET = b"GET /fast HTTP/1.1\r\nhost: a\r\n"
POST = b"POST /fast HTTP/1.1\r\nhost: a\r\n"


class Served:
    """A process that answers on a port of its own."""

    def __init__(self, before: str = "") -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", before + SERVED, str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, raw: bytes) -> bytes:
        """Return all that is answered to these bytes, until the other side closes."""
        with self.open() as line:
            line.sendall(raw)
            answer = b""
            while part := line.recv(65_536):
                answer += part
            return answer

    def fast(self) -> float:
        """Return how long a request on a new connection takes."""
        began = time.monotonic()
        answer = httpx.get(f"http://127.0.0.1:{self.port}/fast", trust_env=False, timeout=10)
        assert answer.status_code == 200
        return time.monotonic() - began

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.fast()
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("it did not start")

    def end(self) -> list[str]:
        """End it and return the events of its log."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=20)
        return [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    started = Served()
    started.wait()
    yield started
    started.end()


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (GET.replace(b"\r\n", b"\n") + b"\n\r\n\r\n", 400, "malformed_request"),
        (GET + b"x: a\nb\r\n\r\n", 400, "malformed_request"),
        (GET + b"x: a\r\n b\r\n\r\n", 400, "malformed_request"),
        (GET.replace(b"1.1", b"3.7") + b"\r\n", 400, "malformed_request"),
        (GET.replace(b"1.1", b"2.0") + b"\r\n", 400, "malformed_request"),
        (POST + b"content-length: 18, 18\r\n\r\n" + b"x" * 18, 400, "malformed_request"),
        (POST + b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}", 400, "malformed_request"),
        (POST + b"content-length: +2\r\n\r\n{}", 400, "malformed_request"),
        (
            POST + b"transfer-encoding: chunked\r\n\r\n2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
            411,
            "length_required",
        ),
        (GET + b"x: " + b"a" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET /" + b"a" * 40_000, 431, "headers_too_large"),
        (b"\x00\x01\x02\r\n\r\n", 400, "malformed_request"),
        (GET + b"x y: 1\r\n\r\n", 400, "malformed_request"),
    ],
)
def test_d19_what_two_readers_could_read_differently(served: Served, raw: bytes, status: int, code: str) -> None:
    head, _, body = served.ask(raw).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status), head
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == code


def test_d19_a_refusal_reaches_whoever_is_still_sending(served: Served) -> None:
    answer = served.ask(POST + b"transfer-encoding: chunked\r\n\r\n" + b"a" * 8_000_000)

    assert answer.startswith(b"HTTP/1.1 411 ")


def test_d19_a_second_head_on_a_connection_is_looked_at_as_well(served: Served) -> None:
    answer = served.ask(GET + b"\r\n" + GET + b"content-length: 0, 0\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200") <= 1
    assert b"HTTP/1.1 200" not in answer.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[2]


def test_requests_in_pieces_and_behind_each_other_are_answered(served: Served) -> None:
    with served.open() as line:
        for byte in GET + b"\r\n":
            line.sendall(bytes([byte]))
        first = line.recv(65_536)
        line.sendall(POST + b"content-length: 3\r\n\r\nab")
        line.sendall(b"c\r\n" + GET + b"connection: close\r\n\r\n")
        answers = b""
        while part := line.recv(65_536):
            answers += part

    assert first.startswith(b"HTTP/1.1 200")
    assert [answers.count(b"HTTP/1.1 405"), answers.count(b"HTTP/1.1 200")] == [1, 1]


def test_h7_silent_connections_of_one_address_keep_nobody_out(served: Served) -> None:
    """Four times as many as there may be, all silent: each of ten requests gets in, from the same address."""
    with ExitStack() as stack:
        for _ in range(160):
            stack.enter_context(served.open())
        took = [served.fast() for _ in range(10)]

    assert max(took) < 1.0


@pytest.mark.parametrize("begun", [b"", b"GET /fast HT", POST + b"content-length: 9\r\n"])
def test_h7_a_head_has_its_time(served: Served, begun: bytes) -> None:
    began = time.monotonic()
    with served.open() as line:
        line.sendall(begun)
        line.settimeout(10)
        try:
            ended = line.recv(1)
        except ConnectionResetError:
            ended = b""

    assert ended == b""
    assert 0.5 < time.monotonic() - began < 6


def test_h7_a_trickling_head_after_an_answer_times_out_too(served: Served) -> None:
    with served.open() as line:
        line.sendall(GET + b"\r\n")
        line.recv(65_536)
        ended, began = False, time.monotonic()
        while not ended and time.monotonic() - began < 8:
            try:
                line.sendall(b"G")
            except (BrokenPipeError, ConnectionResetError):
                ended = True
            time.sleep(0.1)

    assert ended


def test_h7_a_process_with_too_few_files_does_not_start() -> None:
    refused = Served("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n")
    _, errors = refused.process.communicate(timeout=60)
    events = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]

    assert refused.process.returncode != 0
    assert [line["event"] for line in events if line["level"] == "critical"] == ["too_few_descriptors"]


def test_h7_shed_load_is_one_line_in_the_log() -> None:
    crowded = Served()
    crowded.wait()
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(crowded.open())
        crowded.fast()
    assert crowded.end().count("load_shed") == 1


def test_an_answer_that_goes_on_ends_with_the_process() -> None:
    started = Served()
    started.wait()
    with started.open() as line:
        line.sendall(GET.replace(b"fast", b"goes-on") + b"\r\n")
        while b"begun" not in line.recv(65_536):
            pass
        began = time.monotonic()

        started.end()

        assert time.monotonic() - began < 5  # not the ten seconds that others may take
        assert line.recv(65_536).endswith(b"0\r\n\r\n")


def test_a_length_is_taken_from_a_plain_head_only() -> None:
    assert length_of(GET + b"\r\n") == 0
    assert length_of(POST + b"Content-Length:  12 \r\n\r\n") == 12
    for raw in (POST + b"content-length: 1" + b"0" * 15 + b"\r\n\r\n", b"\r\n\r\n", b""):
        with pytest.raises(Problem):
            length_of(raw)
