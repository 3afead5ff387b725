"""What the operator decides, read once from the environment by a process's `main.py`."""

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

S = TypeVar("S", bound="ProcessSettings")
PREFIX: Final = "ACCORD_"
OTLP_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"  # the name of the OpenTelemetry specification, without our prefix
# Names of earlier versions: one of these would be passed over in silence, and a bound with it.
RENAMED: Final = {
    f"{PREFIX}LONGEST_TOKEN": f"{PREFIX}MAX_TOKEN_LIFETIME_SECONDS",
    f"{PREFIX}AT_ONCE": f"{PREFIX}MAX_CONCURRENT_REQUESTS",
    f"{PREFIX}RATE": f"{PREFIX}RATE_LIMIT_PER_SECOND",
    f"{PREFIX}RATE_BURST": f"{PREFIX}RATE_LIMIT_BURST",
    f"{PREFIX}OTLP": OTLP_ENDPOINT,
    f"{PREFIX}REDIRECTS": f"{PREFIX}ALLOWED_REDIRECT_URIS",
    f"{PREFIX}RUN": f"{PREFIX}RUN_DIR",
}
TLS_NEEDED: Final = (
    "ACCORD_DATABASE: the production profile verifies the database's certificate; "
    "end the address with ?sslmode=verify-full&sslrootcert=FILE (or sslrootcert=system)"
)


class SettingsRefused(SystemExit):
    """The settings are missing or unsafe; a process that does not catch it prints a line each and ends with 1."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


LEAST_CHECKPOINT_SECONDS = 10.0  # sizes that are shown more often tell of single events


class Profile(StrEnum):
    """How strict a process is with what it is given."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class KafkaProtocol(StrEnum):
    """How the broker is spoken to; plain text is refused under the production profile."""

    TLS = "SASL_SSL"
    PLAINTEXT = "SASL_PLAINTEXT"


class ProcessSettings(BaseSettings):
    """What every process of ours is told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=True,
        populate_by_name=True,
    )

    service: str = Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")
    database: str = Field(repr=False, description="postgresql+psycopg://role:password@host:port/accord")
    issuer: str = Field(description="address of the issuer of tokens, without a slash at the end")
    audience: str = Field("accord", description="what a token must be meant for")
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65_535)
    profile: Profile = Profile.PRODUCTION  # the strict profile is the one you get by forgetting
    max_token_lifetime_seconds: int = Field(900, ge=60, le=3600, description="seconds that a token may live at most")
    otlp_endpoint: str | None = Field(
        None, validation_alias=OTLP_ENDPOINT, description="OTLP/HTTP collector; without one no telemetry is sent"
    )
    database_pool: int = Field(12, ge=1, le=200, description="connections this process may hold")
    max_concurrent_requests: int = Field(
        128, ge=2, description="requests being answered at a time; more are told to come back"
    )
    reserved_for_stops: int = Field(16, ge=1, description="of them, and connections to the database, for stops alone")
    max_requests_per_client: int = Field(8, ge=1, description="of them for one client, unless half of all are free")
    max_connections: int = Field(512, ge=8, description="open connections; the oldest that asks nothing makes room")
    max_connections_per_address: int = Field(448, ge=4, description="of them from one address, as a proxy is one")
    header_timeout_seconds: float = Field(5.0, gt=0, description="from the first byte of a request's head to its last")
    trusted_proxies: int = Field(0, ge=0, le=8, description="proxies in front, whose X-Forwarded-For is believed")
    rate_limit_per_second: float = Field(
        200.0, gt=0, description="requests a second that one client may make to one route"
    )
    rate_limit_burst: int = Field(400, ge=1, description="requests that one client may make at once to one route")
    crash_at: str | None = Field(None, description="name of the step at which to die; fault tests only")

    @field_validator("database")
    @classmethod
    def _one_driver(cls, value: str) -> str:
        try:
            driver = make_url(value).drivername
        except ArgumentError:
            driver = ""
        if driver != "postgresql+psycopg":
            raise ValueError("give postgresql+psycopg://role:password@host:port/accord") from None
        return value

    @field_validator("issuer")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or value.endswith("/"):
            raise ValueError("give an http(s) address without a slash at the end")
        return value

    @model_validator(mode="after")
    def _room_beside_stops(self) -> Self:
        if self.reserved_for_stops >= self.max_concurrent_requests:
            raise ValueError("reserved_for_stops must be less than max_concurrent_requests")
        return self

    @model_validator(mode="after")
    def _nothing_unsafe_in_production(self) -> Self:
        problems = list(self.unsafe()) if self.profile is Profile.PRODUCTION else []
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def unsafe(self) -> Iterator[str]:
        """Yield a line for each setting that the production profile refuses: its name, and what to give instead."""
        query = make_url(self.database).query
        if query.get("sslmode") != "verify-full" or not query.get("sslrootcert"):
            yield TLS_NEEDED
        for name in self.addresses():
            if not str(getattr(self, name) or "https://").startswith("https://"):
                yield f"{environment_variable(name)}: the production profile sends nothing in the clear; give https://..."
        if self.crash_at is not None:
            yield "ACCORD_CRASH_AT: the production profile has no crash points; leave it out"

    def addresses(self) -> tuple[str, ...]:
        """Return the names of the settings that hold addresses of HTTP servers that this process calls or is."""
        return ("issuer", "otlp_endpoint")


class KeyringSettings(ProcessSettings):
    """What a process is told that opens what it holds: where the agencies' keys are.

    Whichever agency a request or a letter is of, its key is needed, so the keyring is that of all hosted agencies.
    """

    keys: Path = Field(description="the keyring")


class BrokerSettings(ProcessSettings):
    """What a process is told that speaks to the broker, as a user of its own."""

    kafka: str = Field(description="bootstrap servers, host:port[,host:port]")
    kafka_user: str
    kafka_password_file: Path
    kafka_protocol: KafkaProtocol = KafkaProtocol.TLS
    kafka_ca_file: Path | None = None

    def unsafe(self) -> Iterator[str]:
        """Yield a line for each setting that the production profile refuses."""
        yield from super().unsafe()
        if self.kafka_protocol is not KafkaProtocol.TLS:
            yield "ACCORD_KAFKA_PROTOCOL: the production profile speaks to the broker over TLS only; give SASL_SSL"


class Settings(KeyringSettings, BrokerSettings):
    """What a worker is told: it reads mailboxes and opens what it may."""


class OpeningSettings(KeyringSettings):
    """What the exchange's API is told: it opens messages, and promises that each look is on record."""

    promise_key_file: Path | None = Field(None, description="the key that promises looks to be in the ledger")

    def unsafe(self) -> Iterator[str]:
        """Yield a line for each setting that the production profile refuses."""
        yield from super().unsafe()
        if self.promise_key_file is None:
            yield "ACCORD_PROMISE_KEY_FILE: the production profile opens nothing without promising the record"


class LedgerSettings(KeyringSettings):
    """What the process of the sequencer is told."""

    ledger_key_file: Path = Field(description="the key that signs checkpoints")
    checkpoint_seconds: float = Field(10.0, gt=0, description="between two checkpoints that others are shown")

    def unsafe(self) -> Iterator[str]:
        """Yield a line for each setting that the production profile refuses."""
        yield from super().unsafe()
        if self.checkpoint_seconds < LEAST_CHECKPOINT_SECONDS:
            yield "ACCORD_CHECKPOINT_SECONDS: checkpoints shown more often tell of single events; give 10 or more"


def read(kind: type[S]) -> S:
    """Return the settings of this process from its environment.

    Raises `SettingsRefused` for missing or unsafe ones, and for a name that an earlier version had.
    """
    problems = [f"{old}: this setting is called {new} now" for old, new in RENAMED.items() if old in os.environ]  # noqa: TID251
    try:
        settings = kind()
    except ValidationError as refusal:
        problems += [line for error in refusal.errors(include_input=False) for line in _lines(error)]
    else:
        if not problems:
            return settings
    # Raised outside, so that no traceback of pydantic's hangs on it.
    raise SettingsRefused(problems)


def _lines(error: Any) -> list[str]:
    text = str(error["ctx"]["error"]) if error["type"] == "value_error" else str(error["msg"])
    name = "_".join(str(part) for part in error["loc"])
    return [f"{environment_variable(name)}: {text}"] if name else text.splitlines()


def environment_variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return OTLP_ENDPOINT if name in ("otlp_endpoint", OTLP_ENDPOINT) else f"{PREFIX}{name.upper()}"
