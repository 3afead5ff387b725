"""Reading mailboxes outside the worker: for partners' tools, tests and drills."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Consumer

from runtime.messaging.connection import client
from runtime.settings import BrokerSettings


def broker_consumer(settings: BrokerSettings, group: str, topics: Iterable[str]) -> Consumer:
    """Return a consumer that starts at the oldest letter and commits only what it is told to."""
    consumer = Consumer(
        client(settings)
        | {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 5,  # at its default of a second, a full queue costs a second
            "partition.assignment.strategy": "range",
        }
    )
    consumer.subscribe(list(topics))
    return consumer
