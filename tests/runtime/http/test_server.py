"""A service that is told to stop lets what is being answered end, then stops."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
SLOW = """
import asyncio, sys
from runtime.http.application import problem_application
from runtime.http.server import serve
from tests.support.web import settings_for
app = problem_application("trial")
@app.get("/fast")
async def fast() -> str:
    return "fast"
@app.get("/slow/{word}")
async def slow(word: str) -> str:
    await asyncio.sleep(1)
    return "done"
@app.get("/broken/{word}")
async def broken(word: str) -> str:
    raise ValueError(f"CANARY {word}")
serve(app, settings_for("intake", port=int(sys.argv[1])))
"""


NOT_HTTP = (b"\x00\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000, b"POST / HTTP/1.1\r\n\r\n")


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    address: str


@pytest.fixture
def served() -> Iterator[Served]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SLOW, str(port)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started = Served(process, f"http://127.0.0.1:{port}")
    try:
        _wait(started)
        yield started
    finally:
        process.kill()
        process.communicate()


def _wait(served: Served) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{served.address}/fast", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it did not start")


async def test_what_is_being_answered_is_answered(served: Served) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        request = asyncio.create_task(client.get(f"{served.address}/slow/CANARY"))
        await asyncio.sleep(0.3)
        served.process.send_signal(signal.SIGTERM)
        answer = await request

    assert answer.text == '"done"'
    assert served.process.wait(10) in (0, -signal.SIGTERM)


async def test_a_process_says_nothing_that_it_was_sent(served: Served) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answers = [
            await client.get(f"{served.address}/{place}/CANARY?q=CANARY", headers={"X-Note": "CANARY"})
            for place in ("slow", "broken", "nowhere")
        ]
    served.process.send_signal(signal.SIGTERM)
    out, err = served.process.communicate(timeout=10)

    assert [answer.status_code for answer in answers] == [200, 500, 404]
    assert "CANARY" not in out + err
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert events.count("answered") >= 3
    assert "broken" in events


async def test_what_is_not_http_is_refused_and_nothing_breaks(served: Served) -> None:
    port = int(served.address.rpartition(":")[2])
    for raw in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000,
        b"POST / HTTP/1.1\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        writer.write_eof()
        answered = await reader.read(200)
        writer.close()
        assert b" 500 " not in answered

    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{served.address}/fast")).status_code == 200


def test_a_failed_start_logs_the_error_class_and_not_its_text() -> None:
    script = """
from contextlib import asynccontextmanager
from runtime.http.application import problem_application
from runtime.http.server import serve
from tests.support.web import settings_for
@asynccontextmanager
async def lifespan(app):
    raise ValueError("CANARY")
    yield
serve(problem_application("trial", lifespan=lifespan), settings_for("intake", port=1024))
"""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode != 0
    assert [line["error"] for line in lines if line["event"] == "startup_failed"] == ["ValueError"]
    assert "CANARY" not in done.stderr + done.stdout
