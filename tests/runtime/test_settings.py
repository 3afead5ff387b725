"""Settings are strict where somebody forgot something."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.settings import KafkaProtocol, Profile, Settings, read

GIVEN = {
    "ACCORD_SERVICE": "intake",
    "ACCORD_DATABASE": "postgresql+psycopg://accord_intake:secret-word@127.0.0.1:5432/accord",
    "ACCORD_KAFKA": "127.0.0.1:9092",
    "ACCORD_KAFKA_USER": "intake",
    "ACCORD_KAFKA_PASSWORD_FILE": "run/kafka.password",
    "ACCORD_KEYS": "run/keys",
    "ACCORD_ISSUER": "https://issuer.test",
    "ACCORD_PORT": "8001",
}


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)


def test_the_strict_profile_is_what_you_get_by_forgetting() -> None:
    settings = read()

    assert settings.profile is Profile.PRODUCTION
    assert settings.kafka_protocol is KafkaProtocol.TLS
    assert settings.keys == Path("run/keys")


@pytest.mark.parametrize("name", GIVEN)
def test_nothing_needed_has_a_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(ValidationError):
        read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCORD_ISSUER", "http://issuer.test"),
        ("ACCORD_KAFKA_PROTOCOL", "SASL_PLAINTEXT"),
        ("ACCORD_CRASH_AT", "relay.produced"),
        ("ACCORD_ISSUER", "https://issuer.test/"),
        ("ACCORD_DATABASE", "sqlite:///accord"),
        ("ACCORD_PORT", "0"),
        ("ACCORD_PROFILE", "staging"),
    ],
)
def test_production_refuses_what_is_unsafe(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError):
        read()


def test_development_may_do_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_PROFILE", "development")
    monkeypatch.setenv("ACCORD_ISSUER", "http://127.0.0.1:8000")
    monkeypatch.setenv("ACCORD_KAFKA_PROTOCOL", "SASL_PLAINTEXT")

    assert read().profile is Profile.DEVELOPMENT


def test_a_password_is_in_no_error_and_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    text = repr(read())
    monkeypatch.setenv("ACCORD_DATABASE", "postgres://secret-word@host")

    with pytest.raises(ValidationError) as caught:
        read()

    assert "secret-word" not in text + str(caught.value)


def test_settings_do_not_change() -> None:
    settings: Any = read()

    with pytest.raises(ValidationError):
        settings.profile = Profile.DEVELOPMENT
    assert isinstance(settings, Settings)
