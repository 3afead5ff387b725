"""What the operator decides, read once from the environment by a process's `main.py`."""

from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar, overload

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound="ProcessSettings")


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
        env_prefix="ACCORD_", frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=True
    )

    service: str = Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")
    database: str = Field(repr=False, description="postgresql+psycopg://role:password@host:port/accord")
    issuer: str = Field(description="address of the issuer of tokens, without a slash at the end")
    audience: str = Field("accord", description="what a token must be meant for")
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65_535)
    profile: Profile = Profile.PRODUCTION  # the strict profile is the one you get by forgetting
    longest_token: int = Field(900, ge=60, le=3600, description="seconds that a token may live at most")
    otlp: str | None = Field(None, description="OTLP/HTTP collector; without one no telemetry is sent")
    run: Path | None = Field(None, description="folder of this run: keys made by development tools, logs")
    database_pool: int = Field(12, ge=1, le=200, description="connections this process may hold")
    at_once: int = Field(128, ge=2, description="requests being answered at a time; more are told to come back")
    reserved_for_stops: int = Field(16, ge=1, description="of them, and connections to the database, for stops alone")
    max_requests_per_client: int = Field(8, ge=1, description="of them for one client, unless half of all are free")
    max_connections: int = Field(512, ge=8, description="open connections; the oldest that asks nothing makes room")
    max_connections_per_address: int = Field(448, ge=4, description="of them from one address, as a proxy is one")
    header_timeout_seconds: float = Field(5.0, gt=0, description="from the first byte of a request's head to its last")
    trusted_proxies: int = Field(0, ge=0, le=8, description="proxies in front, whose X-Forwarded-For is believed")
    rate: float = Field(200.0, gt=0, description="requests a second that one client may make to one route")
    rate_burst: int = Field(400, ge=1, description="requests that one client may make at once to one route")

    @field_validator("database")
    @classmethod
    def _one_driver(cls, value: str) -> str:
        if not value.startswith("postgresql+psycopg://"):
            raise ValueError("database must begin with postgresql+psycopg://")
        return value

    @field_validator("issuer")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or value.endswith("/"):
            raise ValueError("issuer must be an http(s) address without a slash at the end")
        return value

    @model_validator(mode="after")
    def _places_for_all(self) -> Self:
        if self.reserved_for_stops >= self.at_once:
            raise ValueError("reserved_for_stops must be less than at_once")
        return self

    @model_validator(mode="after")
    def _strict_in_production(self) -> Self:
        if self.profile is Profile.PRODUCTION and not self.issuer.startswith("https://"):
            raise ValueError("the production profile needs an https issuer")
        return self


class Settings(ProcessSettings):
    """What the operator decides for one service; a service may add its own fields in a subclass."""

    kafka: str = Field(description="bootstrap servers, host:port[,host:port]")
    kafka_user: str
    kafka_password_file: Path
    kafka_protocol: KafkaProtocol = KafkaProtocol.TLS
    kafka_ca_file: Path | None = None
    keys: Path = Field(description="the keyring")
    ledger_key_file: Path | None = Field(None, description="the key that signs checkpoints; the sequencer needs it")
    crash_at: str | None = Field(None, description="name of the step at which to die; fault tests only")

    @model_validator(mode="after")
    def _nothing_unsafe_in_production(self) -> Self:
        if self.profile is Profile.DEVELOPMENT:
            return self
        if self.kafka_protocol is not KafkaProtocol.TLS:
            raise ValueError("the production profile speaks to the broker over TLS only")
        if self.crash_at is not None:
            raise ValueError("the production profile has no crash points")
        return self


class IssuerSettings(ProcessSettings):
    """What the development issuer of tokens needs; it speaks to no broker and holds no agency's key."""

    service: str = "issuer"
    run: Path = Field(description="folder where the signing key is made and kept")
    redirects: tuple[str, ...] = Field((), description="addresses that a sign-in may lead back to, to the letter")


@overload
def read() -> Settings: ...
@overload
def read(kind: type[S]) -> S: ...
def read(kind: type[ProcessSettings] = Settings) -> ProcessSettings:
    """Return the settings of this process from its environment; refuse what is missing or unsafe."""
    return kind()
