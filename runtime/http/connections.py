"""Connections: how many there may be, how long a head may take, and heads that have one meaning only.

Whoever opens connections and says nothing is let go of first, oldest first, so that others, and stops, get in.  What
is refused here is refused before the parser sees it: two programs on a way might read it differently.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from runtime.http import load_shed, problems
from runtime.http.middleware import SAFE_HEADERS, RefusalCounter
from runtime.http.problems import Problem

MOST_HEAD_BYTES: Final = 32 * 1024
ANSWER_SECONDS: Final = 60.0  # for an answer, its reading by the client included
SWEEP_SECONDS: Final = 1.0
ON_SHUTDOWN: Final = "accord.on_shutdown"  # of what a request carries: called when the process is told to stop
_LENGTH = re.compile(rb"\r\ncontent-length:([^\r]*)")
_REQUEST_LINE = re.compile(rb"[^\r\n]* HTTP/1\.[01]\r\n")


def length_of(head: bytes) -> int:
    """Return the length of the body that `head` announces; raises `Problem` where two readers could differ.

    Refused: a bare CR or LF, folded lines, a version other than 1.0 and 1.1, more than one length or a list of them
    (RFC 9112, sections 2.2, 2.3, 5.2 and 6.3), and a body without a declared length (RFC 9110, 15.5.12).
    """
    lines = head.count(b"\r\n")
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\r\n " in head or b"\r\n\t" in head:
        raise Problem("malformed_request")
    if _REQUEST_LINE.match(head) is None:
        raise Problem("malformed_request")
    lower = head.lower()
    if b"\r\ntransfer-encoding:" in lower:
        raise Problem("length_required")
    lengths = _LENGTH.findall(lower)
    if not lengths:
        return 0
    length = lengths[0].strip(b" \t")
    if len(lengths) > 1 or not length.isdigit() or len(length) > 15:
        raise Problem("malformed_request")
    return int(length)


@dataclass(slots=True)
class _Crowd:
    """The connections of one address."""

    count: int = 0
    silent: OrderedDict[Connection, None] = field(default_factory=OrderedDict)  # no whole head yet, oldest first
    idle: OrderedDict[Connection, None] = field(default_factory=OrderedDict)  # answered, oldest first


class Connections:
    """All connections of this process, by the address that they come from."""

    def __init__(self, most: int, most_of_address: int, head_seconds: float) -> None:
        self.most = most
        self.most_of_address = most_of_address
        self.head_seconds = head_seconds
        self.crowds: dict[str, _Crowd] = {}
        self.open: dict[Connection, _Crowd] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    def add(self, connection: Connection) -> None:
        """Take a connection in; where there are too many, let go of the oldest that asks nothing."""
        crowd = self.crowds.setdefault(connection.address, _Crowd())
        if crowd.count >= self.most_of_address:
            self._make_room(crowd, connection)
        elif len(self.open) >= self.most:
            self._make_room(max(self.crowds.values(), key=lambda crowd: crowd.count), connection)
        if connection.transport.is_closing():
            if not crowd.count:
                del self.crowds[connection.address]
            return
        crowd = self.crowds.setdefault(connection.address, crowd)
        crowd.count += 1
        crowd.silent[connection] = None
        self.open[connection] = crowd
        if self._sweeping is None:
            self._sweeping = connection.loop.call_later(SWEEP_SECONDS, self._sweep)

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        crowd = self.open.pop(connection, None)
        if crowd is None:
            return
        crowd.count -= 1
        crowd.silent.pop(connection, None)
        crowd.idle.pop(connection, None)
        if not crowd.count:
            self.crowds.pop(connection.address, None)

    def _make_room(self, crowd: _Crowd, newcomer: Connection) -> None:
        load_shed.shed("connections")
        leaves = next(iter(crowd.silent), None) or next(iter(crowd.idle), None) or newcomer
        self.remove(leaves)
        leaves.transport.abort()

    def _sweep(self) -> None:
        """Let go of whoever takes too long over a head, or over reading an answer."""
        self._sweeping = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [connection for connection in self.open if connection.is_late(now, self.head_seconds)]:
            self.remove(connection)
            connection.transport.abort()
        if self.open:
            self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep)


class Connection(H11Protocol):
    """One connection, which gives h11 whole heads that were looked at, and the bodies that they announce."""

    counted: ClassVar[Connections]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.address = ""
        self._refusals = RefusalCounter()
        self._head = bytearray()
        self._left = 0  # bytes of the body that is on its way
        self._refused = False
        self._since: float | None = None  # when what we wait for began; None where an idle client may take its time
        self._on_shutdown: list[Callable[[], None]] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._since = self.loop.time()
        self.counted.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.counted.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what came: of a head nothing before the whole of it was looked at."""
        while data and not self._refused and not self.transport.is_closing():
            if self._left:
                body, data = data[: self._left], data[self._left :]
                self._left -= len(body)
                super().data_received(body)
                continue
            if not self._head:
                self._begin_head()
            searched = max(0, len(self._head) - 3)
            self._head += data
            end = self._head.find(b"\r\n\r\n", searched) + 4
            if end > MOST_HEAD_BYTES or (end < 4 and len(self._head) > MOST_HEAD_BYTES):
                self._refuse(Problem("headers_too_large"))
                return
            if end < 4:
                return
            head, data = bytes(self._head[:end]), bytes(self._head[end:])
            self._head.clear()
            self._take(head)

    def shutdown(self) -> None:
        """Let what is being answered end, and have an answer end that goes on until it is told to."""
        super().shutdown()
        for end in self._on_shutdown:
            end()

    def on_response_complete(self) -> None:
        """Wait for the next request; a head or a body that has begun may not take long."""
        begun = bool(self._left or self._head)
        self._since = self.loop.time() if begun else None
        crowd = self.counted.open.get(self)
        if crowd is not None:
            (crowd.silent if begun else crowd.idle)[self] = None
        super().on_response_complete()
        if crowd is not None and self._is_answering():  # the next request had come already
            crowd.idle.pop(self, None)
            self._since = self.loop.time()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words say what was sent
        """Answer what the parser refused."""
        self._refuse(Problem("malformed_request"))

    def is_late(self, now: float, head_seconds: float) -> bool:
        """Tell whether the client takes too long."""
        if self._since is None:
            return False
        return now - self._since > (ANSWER_SECONDS if self._is_answering() else head_seconds)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _begin_head(self) -> None:
        self._unset_keepalive_if_required()
        crowd = self.counted.open.get(self)
        if crowd is not None and not self._is_answering():
            self._since = self.loop.time() if self._since is None else self._since
            crowd.idle.pop(self, None)
            crowd.silent[self] = None

    def _take(self, head: bytes) -> None:
        # An empty line before a request is passed over (RFC 9112, 2.2).
        head = head.removeprefix(b"\r\n")
        try:
            self._left = length_of(head)
        except Problem as problem:
            self._refuse(problem)
            return
        crowd = self.counted.open.get(self)
        if crowd is not None:
            crowd.silent.pop(self, None)
        self._since = self.loop.time()
        before = self.scope
        super().data_received(head)
        if self.scope is not before:  # its task has not begun yet
            self.scope["accord.refusals"] = self._refusals  # type: ignore[typeddict-unknown-key]
            self._on_shutdown = self.scope[ON_SHUTDOWN] = []  # type: ignore[typeddict-unknown-key]

    def _refuse(self, problem: Problem) -> None:
        """Answer without the parser, and close once that was read; in the midst of another answer, only close."""
        if self.transport.is_closing():
            return
        if self._is_answering() or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write(_written(problem))
        # What the client still sends is let go unread until it has had the answer: a socket that is closed before that
        # is reset, and the answer lost with it (RFC 9112, 9.6).  The sweep ends whoever goes on for too long.
        self.transport.write_eof()
        self._refused = True
        self._since = self.loop.time()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever asks for another protocol is answered in this one."""


def _written(problem: Problem) -> bytes:
    answer = problems.problem_response(problem)
    lines = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}", "connection: close"]
    lines += [f"{name.lower()}: {value}" for name, value in SAFE_HEADERS.items()]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in answer.raw_headers]
    return "\r\n".join([*lines, "cache-control: no-store", "", ""]).encode() + bytes(answer.body)


def protocol_of(connections: Connections) -> type[Connection]:
    """Return the protocol of a server whose connections are counted in `connections`."""
    return type("Counted", (Connection,), {"counted": connections})
