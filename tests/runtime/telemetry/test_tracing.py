"""Spans and numbers that leave this process carry declared attributes only, and there are some."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from runtime.http.application import TELEMETRY, problem_application
from runtime.telemetry import tracing
from runtime.telemetry.attributes import ATTRIBUTES
from runtime.telemetry.setup import meter_provider, tracer_provider
from runtime.telemetry.tracing import TraceparentOnly, continued, trace_id_now, traceparent_now

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
CANARY = "CANARY"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What reaches the collector of a provider made as in production."""
    exporter = InMemorySpanExporter()
    provider = tracer_provider("intake", SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "TRACER", provider.get_tracer("accord"))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def everything(spans: tuple[ReadableSpan, ...]) -> str:
    return "".join(span.to_json() for span in spans)


@pytest.fixture
async def client(spans: InMemorySpanExporter) -> Any:
    app: FastAPI = problem_application("trial")

    @app.get("/v1/things/{thing_ref}")
    async def read(thing_ref: str, q: str = "") -> str:
        if thing_ref.endswith("broken"):
            raise ValueError(f"CANARY {q}")
        return traceparent_now() or ""

    app._native_telemetry.config = {**app._native_telemetry.config, "tracer_provider": trace.get_tracer_provider()}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{CANARY}.test") as asking:
        yield asking


async def test_a_request_span_has_its_route_and_nothing_it_was_sent(
    client: httpx.AsyncClient, spans: InMemorySpanExporter
) -> None:
    await client.get(f"/v1/things/{CANARY}", params={"q": CANARY}, headers={"User-Agent": CANARY})

    (span,) = spans.get_finished_spans()
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/things/{thing_ref}",
        "http.response.status_code": 200,
    }
    assert span.name == "GET /v1/things/{thing_ref}"
    assert CANARY not in everything(spans.get_finished_spans())


async def test_an_error_leaves_no_text_on_a_span(client: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    answer = await client.get(f"/v1/things/{CANARY}-broken", params={"q": CANARY})

    (span,) = spans.get_finished_spans()
    assert answer.status_code == 500
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert not span.events
    assert CANARY not in everything(spans.get_finished_spans())


async def test_a_trace_goes_on_from_who_asks(client: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    answer = await client.get("/v1/things/one", headers={"traceparent": PARENT})

    (span,) = spans.get_finished_spans()
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert TRACE in answer.text


def test_an_act_of_ours_says_what_and_how_it_failed(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=CANARY), tracing.act("opened", agency="harbor-house", person=CANARY):
        raise ValueError(CANARY)

    (span,) = spans.get_finished_spans()
    assert span.attributes == {
        "accord.act": "opened",
        "accord.agency": "harbor-house",
        "error.type": "ValueError",
    }
    assert not span.events
    assert CANARY not in everything(spans.get_finished_spans())


async def test_what_we_ask_of_others_leaves_no_address(spans: InMemorySpanExporter) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    HTTPXClientInstrumentor().instrument(tracer_provider=trace.get_tracer_provider())
    try:
        async with httpx.AsyncClient(transport=transport) as asking:
            HTTPXClientInstrumentor.instrument_client(asking, tracer_provider=trace.get_tracer_provider())
            await asking.get(f"https://{CANARY}.test/{CANARY}?q={CANARY}")
    finally:
        HTTPXClientInstrumentor().uninstrument()

    assert spans.get_finished_spans()
    assert CANARY.lower() not in everything(spans.get_finished_spans()).lower()


def test_a_span_of_another_library_loses_its_name(spans: InMemorySpanExporter) -> None:
    with trace.get_tracer_provider().get_tracer("somebody").start_as_current_span(f"SELECT {CANARY}"):
        pass

    (span,) = spans.get_finished_spans()
    assert span.name == "other"


def test_an_exception_that_a_library_recorded_does_not_leave(spans: InMemorySpanExporter) -> None:
    tracer = trace.get_tracer_provider().get_tracer("somebody")

    with pytest.raises(ValueError, match=CANARY), tracer.start_as_current_span("work"):
        raise ValueError(CANARY)

    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert not span.events
    assert CANARY not in everything(spans.get_finished_spans())


def test_fastapi_records_no_exception_and_no_log_of_its_own() -> None:
    assert TELEMETRY["logs"] is False
    assert TELEMETRY["metrics"] is False
    assert TELEMETRY["auto_configure"] is False


@pytest.mark.parametrize("parent", [None, "", "CANARY", PARENT.upper(), "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_work_without_a_valid_parent_begins_a_trace(parent: str | None) -> None:
    with continued(parent):
        traceparent = traceparent_now()

    assert traceparent is not None
    assert TRACE not in traceparent
    assert CANARY not in traceparent


def test_work_after_a_message_goes_on_in_its_trace() -> None:
    with continued(PARENT):
        assert trace_id_now() == TRACE
        assert traceparent_now() == PARENT
    assert trace_id_now() is None


def test_what_a_sender_wrote_into_tracestate_is_not_carried_on() -> None:
    carried: dict[str, str] = {}
    propagator = TraceparentOnly()

    extracted = propagator.extract({"traceparent": PARENT, "tracestate": f"agency={CANARY}"})
    propagator.inject(carried, extracted)

    assert carried == {"traceparent": PARENT}


def test_numbers_carry_declared_labels_only() -> None:
    reader = InMemoryMetricReader()
    provider = meter_provider("intake", reader)
    counter = provider.get_meter("accord").create_counter("accord.acts")

    counter.add(1, {"accord.act": "opened", "person": CANARY, "url.full": CANARY})

    metrics_data = reader.get_metrics_data()
    assert metrics_data is not None
    text = str(metrics_data.to_json())
    assert "opened" in text
    assert CANARY not in text
    provider.shutdown()


def test_the_declared_list_names_nothing_that_points_at_somebody() -> None:
    pointing = ("url.", "client.", "user", "path", "query", "exception", "db.", "person", "case", "actor")

    assert not [name for name in ATTRIBUTES if any(word in name for word in pointing)]


def test_m1_a_link_leads_to_the_work_before_and_nothing_more(spans: InMemorySpanExporter) -> None:
    with tracing.act("open"):
        tracing.link([PARENT, None, "CANARY", PARENT])

    (span,) = spans.get_finished_spans()
    ((linked, attributes),) = [(link.context, link.attributes) for link in span.links]
    assert f"{linked.trace_id:032x}" == TRACE
    assert not attributes
    assert CANARY not in everything(spans.get_finished_spans())
