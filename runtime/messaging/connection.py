"""How a process reaches the broker: always as itself, with its own password."""

from __future__ import annotations

import logging
from typing import Any

from runtime.settings import BrokerSettings
from runtime.telemetry import log_fields

MECHANISM = "SCRAM-SHA-512"
log = logging.getLogger(__name__)


def password(settings: BrokerSettings) -> str:
    """Return this process's broker password from the file the operator named."""
    return settings.kafka_password_file.read_text(encoding="utf-8").strip()


def client(settings: BrokerSettings) -> dict[str, Any]:
    """Return what every confluent-kafka client of this process is configured with."""
    config: dict[str, Any] = {
        "bootstrap.servers": settings.kafka,
        "client.id": f"accord-{settings.service}",
        "security.protocol": settings.kafka_protocol.value,
        "sasl.mechanism": MECHANISM,
        "sasl.username": settings.kafka_user,
        "sasl.password": password(settings),
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "socket.keepalive.enable": True,
        "error_cb": _on_error,
        "log_level": 2,  # what is less than critical comes by the callback as well, and by readiness
    }
    if settings.kafka_ca_file is not None:
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    return config


def _on_error(error: Any) -> None:
    # The error's text may name hosts; its code is enough to act on.
    log.warning("broker_error", extra=log_fields(code=error.name()))
