"""Setting telemetry up: logs always, spans and numbers only where there is a collector to send them to."""

from __future__ import annotations

from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from runtime.settings import ProcessSettings
from runtime.telemetry.attributes import ATTRIBUTES
from runtime.telemetry.logs import setup_logs
from runtime.telemetry.tracing import DeclaredOnly, TraceparentOnly


def setup(settings: ProcessSettings) -> None:
    """Set this process up to be watched: JSON logs, and the collector of the settings if there is one."""
    setup_logs(settings.service)
    propagate.set_global_textmap(TraceparentOnly())
    if settings.otlp_endpoint is None:
        return
    place = settings.otlp_endpoint.rstrip("/")
    spans = BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{place}/v1/traces"))
    numbers = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{place}/v1/metrics"))
    trace.set_tracer_provider(tracer_provider(settings.service, spans))
    metrics.set_meter_provider(meter_provider(settings.service, numbers))
    HTTPXClientInstrumentor().instrument()


def tracer_provider(service: str, onward: SpanProcessor) -> TracerProvider:
    """Return a provider whose spans reach `onward` with declared attributes only."""
    provider = TracerProvider(resource=_resource(service))
    provider.add_span_processor(DeclaredOnly(onward))
    return provider


def meter_provider(service: str, reader: MetricReader) -> MeterProvider:
    """Return a provider whose numbers carry declared labels only, and no exemplar."""
    # An exemplar would carry the labels that the view drops.
    return MeterProvider(
        metric_readers=[reader],
        resource=_resource(service),
        views=[View(instrument_name="*", attribute_keys=set(ATTRIBUTES))],
        exemplar_filter=AlwaysOffExemplarFilter(),
    )


def _resource(service: str) -> Resource:
    return Resource({"service.name": service, "service.namespace": "accord"})
