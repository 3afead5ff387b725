"""Around every answer: size limits, safe headers, one trace, one log line, and no exception that gets out."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime import clock, failpoints
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import TooLate
from runtime.http import admission
from runtime.http.admission import AdmissionQueue
from runtime.http.error_mapping import problem_of
from runtime.http.problems import Problem, problem_response
from runtime.telemetry import log_fields, metrics
from runtime.telemetry.answer_times import AnswerTimes
from runtime.telemetry.tracing import continued, traceparent_now

log = logging.getLogger(__name__)

MOST_HEADER_BYTES = 16 * 1024
MOST_HEADERS = 64
MOST_ADDRESS_BYTES = 4 * 1024
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What a browser may keep: files that hold nothing about anybody, under an address that changes with them.
IMMUTABLE = "public, max-age=31536000, immutable"
ANSWER_TIMES = "answer_times"  # of the application's state, where a service keeps how long its answers took
NOTHING_ACTIVE = "default-src 'none'; frame-ancestors 'none'"


REFUSALS_BEFORE_LAST = 3  # refusals in a row, after which a connection begins behind all others
TURNED_AWAY = frozenset({401, 429, 503})


@dataclass(slots=True)
class RefusalCounter:
    """How often in a row one connection was turned away."""

    in_a_row: int = 0

    def note(self, status: int) -> None:
        """Count an answer."""
        self.in_a_row = self.in_a_row + 1 if status in TURNED_AWAY else 0


class ConnectionAborted(Exception):
    """An answer that had begun could not be ended; what failed is in the log, by its class."""


class RequestMiddleware:
    """The outermost layer of our own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._starts = AdmissionQueue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens within."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = clock.monotonic()
        refusals: RefusalCounter = scope.setdefault("accord.refusals", RefusalCounter())
        await self._starts.admit(last=refusals.in_a_row > REFUSALS_BEFORE_LAST)
        scope[admission.KEY] = self._starts
        sender = ResponseSender(scope, send)
        headers = Headers(scope=scope)
        with continued(traceparent_now() or headers.get("traceparent")):
            await self._pass(scope, receive, sender)
            refusals.note(sender.status)
            _tell(scope, sender.status, clock.monotonic() - began)

    async def _pass(self, scope: Scope, receive: Receive, sender: ResponseSender) -> None:
        refused = self._refused(scope)
        try:
            if refused is not None:
                raise refused
            await self._app(scope, receive, sender.send)
        except Exception as error:
            problem = problem_of(error)
            if sender.status:
                raise ConnectionAborted from None
            await problem_response(problem)(scope, receive, sender.send)

    def _refused(self, scope: Scope) -> Problem | None:
        headers = scope["headers"]
        if len(headers) > MOST_HEADERS or sum(len(k) + len(v) for k, v in headers) > MOST_HEADER_BYTES:
            return Problem("headers_too_large")
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > MOST_ADDRESS_BYTES:
            return Problem("address_too_long")
        return None


class ResponseSender:
    """Sends an answer with our headers and remembers its status."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        """Send one part of the answer, unless it comes too late; raises `TooLate` then."""
        if self._is_too_late(message):
            raise TooLate
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SAFE_HEADERS.items():
                headers[name] = value
            if headers.get("Cache-Control") != IMMUTABLE:
                headers["Cache-Control"] = "no-store"
            headers.setdefault("Content-Security-Policy", NOTHING_ACTIVE)
        await self._send(message)

    def _is_too_late(self, message: Message) -> bool:
        """Tell whether what was seen through a door would be given past its deadline.

        Asked here, as this is the last place that can hold it back: whoever was paused behind a decision may go on
        from here.  A write was done, so that is said whenever it is.
        """
        unit: UnitOfWork | None = self._scope.get("state", {}).get("unit")
        if unit is None or unit.deadline is None or message.get("status", self.status) >= 300:
            return False
        if unit.ended and message["type"] == "http.response.start":
            failpoints.hit("answer.before_sending")
        shows = unit.ended or unit.repeated or self._scope["method"] == "GET"
        return shows and clock.monotonic() > unit.deadline


def _tell(scope: Scope, status: int, seconds: float) -> None:
    # The template of the route, never the path: a path holds references and whatever else was typed.
    route = getattr(scope.get("route"), "path_format", "none")
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.answered(method, route, status, seconds)
    _note_time(scope, route, status, seconds)
    fields = log_fields(method=method, route=route, status=status, seconds=round(seconds, 4))
    log.info("answered", extra=fields)


def _note_time(scope: Scope, route: str, status: int, seconds: float) -> None:
    times: AnswerTimes | None = getattr(scope["app"].state, ANSWER_TIMES, None) if "app" in scope else None
    unit: UnitOfWork | None = scope.get("state", {}).get("unit")
    if times is not None and unit is not None and status < 300:
        times.note(route, unit.agency_id, clock.monotonic(), seconds)
