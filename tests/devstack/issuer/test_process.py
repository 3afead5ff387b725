"""The issuer as a process: it starts by itself, says so in JSON, serves keys, and stops when told."""

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
from typing import Any

import httpx
import pytest

from runtime.auth.principal import Principal
from runtime.auth.tokens import IssuerAway, NotVerified, Tokens, fetching
from tests.devstack.issuer.conftest import PASSPHRASE, Issued
from tests.support.database import Database

ROOT = Path(__file__).parents[3]


@dataclass
class Running:
    process: "subprocess.Popen[bytes]"
    address: str
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(database: Database, folder: Path, **other: str) -> Running:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        "ACCORD_DATABASE": database.url("accord_issuer"),
        "ACCORD_ISSUER": address,
        "ACCORD_PORT": str(port),
        "ACCORD_PROFILE": "development",
        "ACCORD_RUN_DIR": str(folder),
    }
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings, **other}
    log = folder / "issuer.log"
    with log.open("wb") as written:
        process = subprocess.Popen([sys.executable, "-m", "devstack.issuer"], env=environment, stderr=written)
    return Running(process, address, log)


def wait_until_ready(issuing: Running) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and issuing.process.poll() is None:
        try:
            if httpx.get(f"{issuing.address}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(issuing.log.read_text())


@pytest.fixture
def issuing(database: Database, tmp_path: Path) -> Iterator[Running]:
    started = start(database, tmp_path)
    try:
        wait_until_ready(started)
        yield started
    finally:
        started.process.kill()
        started.process.wait()


async def verified(issuing: Running, token: str) -> Principal:
    async with fetching(issuing.address, insecure=True) as fetch:
        return await Tokens(issuing.address, "accord", fetch).verify(token)


async def test_its_tokens_are_verified_by_way_of_its_discovery(issuing: Running, issued: Issued) -> None:
    person_ref = issued.join()
    form = {"grant_type": "password", "username": person_ref, "password": PASSPHRASE}

    answer = httpx.post(f"{issuing.address}/token", data=form, trust_env=False)

    assert (await verified(issuing, answer.json()["access_token"])).person_ref == person_ref
    assert "server" not in answer.headers


async def test_it_warns_that_it_is_for_development_and_logs_json_only(issuing: Running) -> None:
    # A line is written once its answer is sent: after the second, the first is there.
    for _ in range(2):
        httpx.get(f"{issuing.address}/healthz", trust_env=False)
    lines = issuing.lines()

    assert {"development_issuer", "answered"} <= {line["event"] for line in lines}
    assert all({"at", "level", "service", "event"} <= line.keys() for line in lines)


async def test_it_stops_when_told(issuing: Running) -> None:
    issuing.process.send_signal(signal.SIGTERM)

    assert issuing.process.wait(15) in (0, -signal.SIGTERM)


async def test_plain_http_needs_to_be_allowed(issuing: Running, issued: Issued) -> None:
    form = {"grant_type": "password", "username": issued.join(), "password": PASSPHRASE}
    token = httpx.post(f"{issuing.address}/token", data=form, trust_env=False).json()["access_token"]

    async with fetching(issuing.address, insecure=False) as fetch:
        with pytest.raises((IssuerAway, NotVerified)):
            await Tokens(issuing.address, "accord", fetch).verify(token)


def test_it_does_not_start_in_production(database: Database, tmp_path: Path) -> None:
    safe = {
        "ACCORD_ISSUER": "https://issuer.test",
        "ACCORD_DATABASE": f"{database.url('accord_issuer')}?sslmode=verify-full&sslrootcert=system",
    }
    started = start(database, tmp_path, ACCORD_PROFILE="production", **safe)

    assert started.process.wait(30) != 0
    assert "NotForProduction" in started.log.read_text()
