"""One trace across HTTP and the bus (W3C trace context), in which spans carry declared attributes only."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.propagators import textmap
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.telemetry.attributes import ATTRIBUTES

TRACER = trace.get_tracer("accord")
# Spans of other libraries keep their own name only if it is a method and a route template.
NAMED_BY_ROUTE = frozenset({"accord", "fastapi", "opentelemetry.instrumentation.httpx"})


class TraceparentOnly(TraceContextTextMapPropagator):
    """Trace context without `tracestate`: a sender could write anything into that, and we would carry it on."""

    def extract(
        self,
        carrier: textmap.CarrierT,
        context: Context | None = None,
        getter: textmap.Getter[textmap.CarrierT] = textmap.default_getter,
    ) -> Context:
        """Return the context that `traceparent` names."""
        extracted = super().extract(carrier, context, getter)
        span = trace.get_current_span(extracted).get_span_context()
        if not span.trace_state:
            return extracted
        bare = SpanContext(span.trace_id, span.span_id, is_remote=True, trace_flags=span.trace_flags)
        return trace.set_span_in_context(NonRecordingSpan(bare), extracted)


class DeclaredOnly(SpanProcessor):
    """Hands spans on with nothing but declared attributes: no event, no text of an error; links name spans only."""

    def __init__(self, onward: SpanProcessor) -> None:
        self._onward = onward

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Let the next processor know of the start."""
        self._onward.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on a copy that says what is declared."""
        self._onward.on_end(declared(span))

    def shutdown(self) -> None:
        """Send what waits, and end."""
        self._onward.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._onward.force_flush(timeout_millis)


def declared(span: ReadableSpan) -> ReadableSpan:
    """Return a copy of `span` with declared attributes only."""
    scope = span.instrumentation_scope
    named_by_route = scope is not None and scope.name in NAMED_BY_ROUTE
    return ReadableSpan(
        name=span.name if named_by_route else "other",
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={key: value for key, value in (span.attributes or {}).items() if key in ATTRIBUTES},
        links=[Link(linked.context) for linked in span.links],
        kind=span.kind,
        instrumentation_scope=scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def traceparent_now() -> str | None:
    """Return the W3C `traceparent` of the work at hand, to send with what leaves this process."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def trace_id_now() -> str | None:
    """Return the trace that the work at hand belongs to."""
    span = trace.get_current_span().get_span_context()
    return f"{span.trace_id:032x}" if span.is_valid else None


def link(traceparents: Iterable[str | None]) -> None:
    """Link the span at hand to the spans that these name, so that the work before it is found from it."""
    span = trace.get_current_span()
    if not span.is_recording():
        return
    for traceparent in {parent for parent in traceparents if parent is not None}:
        named = trace.get_current_span(_context_of(traceparent)).get_span_context()
        if named.is_valid:
            span.add_link(named)


def _context_of(traceparent: str | None) -> Context:
    carrier: Mapping[str, str] = {} if traceparent is None else {"traceparent": traceparent}
    return TraceparentOnly().extract(carrier, Context())


@contextmanager
def continued(traceparent: str | None) -> Iterator[None]:
    """Do what follows in the trace that `traceparent` names; in a new one where it names none."""
    parent_context = _context_of(traceparent)
    if not trace.get_current_span(parent_context).get_span_context().is_valid:
        fresh = SpanContext(_random(16), _random(8), is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT))
        parent_context = trace.set_span_in_context(NonRecordingSpan(fresh), parent_context)
    token = context.attach(parent_context)
    try:
        yield
    finally:
        context.detach(token)


@contextmanager
def act(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int) -> Iterator[None]:
    """Do what follows in a span of its own; keys are those of the declared list, `accord.` left out.

    An error ends the span as failed by its class; its text is not recorded.
    """
    span_attributes = {f"accord.{key}": value for key, value in attributes.items()} | {"accord.act": name}
    started = TRACER.start_as_current_span(
        name, kind=kind, attributes=span_attributes, record_exception=False, set_status_on_exception=False
    )
    with started as span:
        try:
            yield
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _random(size: int) -> int:
    return int.from_bytes(secrets.token_bytes(size), "big") or 1
