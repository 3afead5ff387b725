"""A service as a process of its own, an issuer that it believes, and clients that keep their connections."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from benchmarks.setup import Ground
from devstack import ports
from devstack.issuer.token_signer import TokenSigner, public_set
from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import scopes_of
from tests.support.town import PEOPLE
from tests.support.web import AUDIENCE, a_key

READY_WITHIN: Final = 180.0


@dataclass(frozen=True)
class Issuer:
    """An issuer that the services trust: it signs any token and serves its public key."""

    url: str
    mint: TokenSigner

    def person(self, person_ref: str) -> str:
        """Return a token of a person of the town."""
        agency, roles = PEOPLE[person_ref]
        role_set = frozenset(roles)
        who = Principal(person_ref, agency, Kind.PERSON, person_ref, person_ref.title(), scopes_of(role_set), role_set)
        return self.mint.access(who, "accord", 900)


@contextmanager
def an_issuer() -> Iterator[Issuer]:
    """Serve the keys of an issuer, from a thread."""
    key = a_key()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document: Any = public_set(key) if self.path == "/keys" else {"issuer": url, "jwks_uri": f"{url}/keys"}
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Issuer(url, TokenSigner(url, AUDIENCE, key))
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(ground: Ground, issuer: Issuer, module: str, *words: str, role: str, **overrides: object) -> Iterator[int]:
    """Run a program that serves HTTP, with the settings of a service, and give its port once it is ready."""
    port = ports.free_port()
    password = ground.folder / "kafka-password"
    password.write_text("none")
    defaults = {
        "service": role.removeprefix("accord_"),
        "database": ground.database.url(role),
        "issuer": issuer.url,
        "port": port,
        "profile": "development",
        "keys": ground.keys,
        "kafka": "127.0.0.1:1",
        "kafka_user": "nobody",
        "kafka_password_file": password,
        "kafka_protocol": "SASL_PLAINTEXT",
        "rate_limit_per_second": 1e6,
        "rate_limit_burst": 1_000_000,
    }
    environment = os.environ | {f"ACCORD_{name.upper()}": str(value) for name, value in (defaults | overrides).items()}
    command = [sys.executable, "-W", "ignore", "-m", module, *words]
    log = ground.folder / f"{module}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=environment, stdout=written, stderr=written)
    try:
        _until_ready(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait(15)


def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise ChildProcessError(f"it did not get ready: {log.read_text()[-2000:]}")


@dataclass(frozen=True)
class Request:
    """What is asked of a service, over and over."""

    method: str
    path: str
    token: str
    body: bytes = b""


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, request: Request) -> tuple[float, bytes]:
        """Return the time and the body of the answer; raises where its status is not 200."""
        headers = {"Authorization": f"Bearer {request.token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        self._connection.request(request.method, request.path, request.body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise ValueError(f"{answer.status} {content.decode()}")
        return took, content


class Clients:
    """Several connections that ask at the same time, each as soon as it was answered."""

    def __init__(self, port: int, requests: Sequence[Request], at_once: int) -> None:
        self._clients = [Client(port) for _ in range(at_once)]
        self._requests = requests
        self._threads = ThreadPoolExecutor(at_once)

    def ask(self, units: int) -> list[float]:
        """Ask so many times, and return how long each answer took."""
        shares = [range(start, units, len(self._clients)) for start in range(len(self._clients))]
        return [took for part in self._threads.map(self._share, self._clients, shares) for took in part]

    def _share(self, client: Client, share: range) -> list[float]:
        return [client.ask(self._requests[number % len(self._requests)])[0] for number in share]
