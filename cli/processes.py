"""Which processes the product consists of, and what each is told."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cli.run import Run
from infra.embedded.kafka import Kafka
from infra.embedded.postgres import Postgres
from runtime.database.roles import DATABASE
from runtime.names import SERVICES

DRIVER = "postgresql+psycopg"


@dataclass(frozen=True, slots=True)
class Program:
    """One process: what runs, as which role of the database and which user of the broker."""

    name: str
    command: tuple[str, ...]
    role: str
    kafka_user: str


def _service(name: str, part: str, role: str | None = None, kafka_user: str | None = None) -> Program:
    title = name if part == "api" else f"{name}-{part}"
    return Program(title, (f"services.{name}.main", part), role or f"accord_{name}", kafka_user or name)


ISSUER = Program("issuer", ("runtime.access.issuer",), "accord_issuer", "")
PROGRAMS = (
    ISSUER,
    *(_service(name, "api") for name in SERVICES),
    _service("exchange", "worker"),
    _service("exchange", "relay", "accord_relay", "relay"),
    _service("notifications", "worker"),
)
KAFKA_USERS = (*SERVICES, "relay")


def environment(
    program: Program, run: Run, ports: Mapping[str, int], postgres: Postgres, kafka: Kafka
) -> dict[str, str]:
    """Return the whole environment of a process: what its settings ask for, and nothing of ours besides."""
    password = run.secret(f"database-{program.role}")
    settings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "ACCORD_SERVICE": program.name.replace("-", "_"),
        "ACCORD_PROFILE": "development",
        "ACCORD_DATABASE": postgres.url(program.role, password, DATABASE, scheme=DRIVER),
        "ACCORD_ISSUER": f"http://127.0.0.1:{ports['issuer']}",
        "ACCORD_REDIRECTS": json.dumps([f"http://127.0.0.1:{ports['dashboard']}/app/signed-in"]),
        "ACCORD_PORT": str(ports[program.name]),
        "ACCORD_RUN": str(run.folder),
        "ACCORD_KEYS": str(run.keys),
        "ACCORD_LEDGER_KEY_FILE": str(run.secret_file("ledger-key")),
        "ACCORD_KAFKA": kafka.bootstrap,
        "ACCORD_KAFKA_PROTOCOL": "SASL_PLAINTEXT",
    }
    if program.kafka_user:
        settings["ACCORD_KAFKA_USER"] = program.kafka_user
        settings["ACCORD_KAFKA_PASSWORD_FILE"] = str(run.secret_file(f"kafka-{program.kafka_user}"))
    settings |= {f"ACCORD_{name.upper()}_URL": f"http://127.0.0.1:{ports[name]}" for name in SERVICES}
    # The last is no setting of ours: the exporter reads it by itself.
    for name in ("ACCORD_OTLP", "ACCORD_CRASH_AT", "OTEL_METRIC_EXPORT_INTERVAL"):
        if name in os.environ:
            settings[name] = os.environ[name]
    return settings
