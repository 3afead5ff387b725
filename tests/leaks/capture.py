"""Everything that was answered over HTTP, and everything that was sent to the collector: heard, and kept as bytes."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

OPENINGS = ("/opening", "/openings")


@dataclass(frozen=True)
class Answer:
    """One answer: its status line with its headers, and its body."""

    request: str
    url: str
    status: int
    head: bytes
    body: bytes
    cookies: tuple[str, ...]

    @property
    def opens(self) -> bool:
        """Tell whether this is the one kind of answer in which what was told may stand."""
        return self.status == 200 and self.url.rpartition("?")[0 if "?" in self.url else 2].endswith(OPENINGS)


@dataclass
class AnswerRecorder:
    """Every answer that came back, to whoever asked."""

    answers: list[Answer] = field(default_factory=list)

    def client(self, **how: Any) -> httpx.Client:
        """Return a client whose every answer is kept."""
        settings: dict[str, Any] = {"trust_env": False, "timeout": 30, **how}
        return httpx.Client(event_hooks={"response": [self._keep]}, **settings)

    def _keep(self, answer: httpx.Response) -> None:
        body, request = answer.read(), answer.request
        lines = [f"HTTP {answer.status_code} {answer.reason_phrase}".encode()]
        lines += [name + b": " + value for name, value in answer.headers.raw]
        cookies = tuple(answer.headers.get_list("set-cookie"))
        head = b"\n".join(lines)
        self.answers.append(
            Answer(f"{request.method} {request.url.path}", str(request.url), answer.status_code, head, body, cookies)
        )


@dataclass(frozen=True)
class Export:
    """What one process sent to the collector at once."""

    path: str
    head: bytes
    body: bytes


@dataclass
class Collector:
    """An OTLP/HTTP receiver: it takes what is sent, and keeps it as it came."""

    url: str = ""
    exports: list[Export] = field(default_factory=list)

    def of(self, signal: str) -> list[Export]:
        """Return the exports of one signal: traces or metrics."""
        return [export for export in self.exports if export.path == f"/v1/{signal}"]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a receiver on a free port."""
    collector = Collector()

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.exports.append(Export(self.path, bytes(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Receive) as url:
        collector.url = url
        yield collector


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of the loopback interface until the block is over."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
