"""Numbers for operators.  Labels are words from the declared list; none names a person or a case."""

from __future__ import annotations

from opentelemetry import metrics

METER = metrics.get_meter("accord")

_answers = METER.create_histogram("accord.http.seconds", unit="s", description="Time to an answer, by route")
_outbox = METER.create_gauge("accord.outbox.depth", unit="{row}", description="Rows waiting to be relayed")
_outbox_age = METER.create_gauge("accord.outbox.age", unit="s", description="Age of the oldest row that waits")
_pending = METER.create_gauge("accord.ledger.pending", unit="{leaf}", description="Leaves not yet in the tree")
_unread = METER.create_gauge("accord.worker.unread", unit="s", description="Wait of the oldest message not handled")
_parked = METER.create_counter("accord.parked", unit="{message}", description="Messages set aside")
_shed = METER.create_counter("accord.http.shed", unit="{request}", description="Turned away, by what ran short")


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer and the time it took."""
    labels: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
    }
    _answers.record(seconds, labels)


def outbox(depth: int, oldest_seconds: float) -> None:
    """Tell how much waits to be relayed, and for how long the oldest has."""
    _outbox.set(depth)
    _outbox_age.set(oldest_seconds)


def ledger_pending(leaves: int) -> None:
    """Tell how many leaves wait for the sequencer."""
    _pending.set(leaves)


def unread(consumer: str, seconds: float) -> None:
    """Tell for how long the oldest message has waited that a consumer did not handle."""
    _unread.set(seconds, {"accord.consumer": consumer})


def shed(reason: str) -> None:
    """Count a request or a connection that was turned away."""
    _shed.add(1, {"accord.reason": reason})


def parked(consumer: str, reason: str) -> None:
    """Count a message that was set aside."""
    _parked.add(1, {"accord.consumer": consumer, "accord.reason": reason})
