"""The processes of the product, and the environment of each."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cli.run import Run
from devstack.issuer.settings import IssuerSettings
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from runtime.database.roles import DATABASE
from runtime.settings import (
    PREFIX,
    BrokerSettings,
    KafkaProtocol,
    KeyringSettings,
    LedgerSettings,
    OpeningSettings,
    ProcessSettings,
    Settings,
)
from schemas.services import SERVICES
from services.dashboard.settings import BoardSettings
from services.intake.settings import IntakeSettings
from services.notifications.settings import SendingSettings

DRIVER = "postgresql+psycopg"


@dataclass(frozen=True, slots=True)
class Program:
    """One process: what runs, as which role of the database and which user of the broker, and its environment."""

    name: str
    command: tuple[str, ...]
    role: str
    kafka_user: str
    settings: type[ProcessSettings]


def _service(name: str, part: str, settings: type[ProcessSettings], role: str | None = None) -> Program:
    title = name if part == "api" else f"{name}-{part}"
    user = name if role is None else role.removeprefix("accord_")
    return Program(title, (f"services.{name}.main", part), role or f"accord_{name}", user, settings)


ISSUER = Program("issuer", ("devstack.issuer",), "accord_issuer", "", IssuerSettings)
APIS: Mapping[str, type[ProcessSettings]] = {
    "audit": LedgerSettings,
    "dashboard": BoardSettings,
    "exchange": OpeningSettings,
    "intake": IntakeSettings,
}
PROGRAMS = (
    ISSUER,
    *(_service(name, "api", APIS.get(name, KeyringSettings)) for name in SERVICES),
    _service("exchange", "worker", Settings),
    _service("exchange", "relay", BrokerSettings, "accord_relay"),
    _service("notifications", "worker", SendingSettings),
    _service("dashboard", "worker", BrokerSettings),
    _service("intake", "worker", BrokerSettings),
)
KAFKA_USERS = (*SERVICES, "relay")


def environment(
    program: Program, run: Run, ports: Mapping[str, int], postgres: Postgres, kafka: Kafka
) -> dict[str, str]:
    """Return the whole environment of a process: the settings it reads, and nothing else of ours."""
    secrets = run.folder / "secrets"
    password = run.secret(f"database-{program.role}")
    offered: dict[str, object] = {
        "service": program.name.replace("-", "_"),
        "profile": "development",
        "database": postgres.url(program.role, password, DATABASE, scheme=DRIVER),
        "issuer": _address(ports, "issuer"),
        "allowed_redirect_uris": json.dumps([f"{_address(ports, 'dashboard')}/app/signed-in"]),
        "port": ports[program.name],
        "run_dir": run.folder,
        "keys": run.keys,
        "ledger_key_file": secrets / "ledger-key",
        "promise_key_file": secrets / "promise-key",
        "kafka": kafka.bootstrap,
        "kafka_protocol": KafkaProtocol.PLAINTEXT,
        "kafka_user": program.kafka_user,
        "kafka_password_file": secrets / f"kafka-{program.kafka_user}",
        **{f"{name}_url": _address(ports, name) for name in SERVICES},
    }
    settings = {name: str(value) for name, value in offered.items() if name in program.settings.model_fields}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        **{f"{PREFIX}{name.upper()}": value for name, value in settings.items()},
        # The last is no setting of ours: the exporter reads it by itself.
        **{
            name: os.environ[name]
            for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "ACCORD_CRASH_AT", "OTEL_METRIC_EXPORT_INTERVAL")
            if name in os.environ
        },
    }


def _address(ports: Mapping[str, int], name: str) -> str:
    return f"http://127.0.0.1:{ports[name]}"
