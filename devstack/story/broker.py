"""The messages of a mailbox, read with the agency's own user of the broker."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer

from schemas.town import Town

PATIENCE_SECONDS = 15.0


def sealed_in_mailbox(town: Town, agency_id: str, message_ref: str) -> bytes | None:
    """Return the value of the message in the agency's mailbox, as the agency itself can read it; None if absent."""
    agency = next(entry for entry in town.agencies if entry.id == agency_id)
    consumer = Consumer(
        {
            "bootstrap.servers": town.kafka.bootstrap_servers,
            "security.protocol": town.kafka.security_protocol,
            "sasl.mechanism": town.kafka.sasl_mechanism,
            "sasl.username": agency.kafka_user,
            "sasl.password": Path(agency.kafka_password_file).read_text().strip(),
            "group.id": f"{agency_id}.story.{uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([agency.mailbox])
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None or message.error():
                continue
            if dict(message.headers() or []).get("ce_id") == message_ref.encode():
                return message.value()
        return None
    finally:
        consumer.close()
