"""Settings are strict where somebody forgot something."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.settings import (
    RENAMED,
    KafkaProtocol,
    LedgerSettings,
    OpeningSettings,
    Profile,
    Settings,
    SettingsRefused,
    read,
)
from services.dashboard.settings import BoardSettings

ROOT = Path(__file__).parents[2]
SERVER = "postgresql+psycopg://accord_intake:secret-word@127.0.0.1:5432/accord"
VERIFIED = f"{SERVER}?sslmode=verify-full&sslrootcert=/etc/accord/ca.pem"
ENVIRONMENT = {
    "ACCORD_SERVICE": "intake",
    "ACCORD_DATABASE": VERIFIED,
    "ACCORD_KAFKA": "127.0.0.1:9092",
    "ACCORD_KAFKA_USER": "intake",
    "ACCORD_KAFKA_PASSWORD_FILE": "run/kafka.password",
    "ACCORD_KEYS": "run/keys",
    "ACCORD_ISSUER": "https://issuer.test",
    "ACCORD_PORT": "8001",
}


@pytest.fixture(autouse=True)
def set_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_the_strict_profile_is_what_you_get_by_forgetting() -> None:
    settings = read(Settings)

    assert settings.profile is Profile.PRODUCTION
    assert settings.kafka_protocol is KafkaProtocol.TLS
    assert settings.keys == Path("run/keys")


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_name_of_an_earlier_version_is_refused(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    monkeypatch.setenv(old, "1")

    with pytest.raises(SettingsRefused, match=f"^{old}: this setting is called {new} now$"):
        read(Settings)


def test_the_collector_has_its_standard_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.test")

    assert read(Settings).otlp_endpoint == "https://collector.test"


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_nothing_needed_has_a_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(SettingsRefused, match=f"^{name}: Field required"):
        read(Settings)


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

    with pytest.raises(SettingsRefused, match=f"^{name}: "):
        read(Settings)


@pytest.mark.parametrize(
    "ends",
    [
        "",
        "?sslmode=disable",
        "?sslmode=prefer",
        "?sslmode=require&sslrootcert=/etc/accord/ca.pem",
        "?sslmode=verify-ca&sslrootcert=/etc/accord/ca.pem",
        "?sslmode=verify-full",
        "?sslmode=verify-full&sslrootcert=",
        "?sslmode=verify-full&sslmode=disable&sslrootcert=/etc/accord/ca.pem",
    ],
)
def test_m10_a_database_is_spoken_to_with_verified_tls(monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    monkeypatch.setenv("ACCORD_DATABASE", SERVER + ends)

    with pytest.raises(SettingsRefused) as refused:
        read(Settings)

    (line,) = refused.value.problems
    assert line.startswith("ACCORD_DATABASE: ")
    assert "sslmode=verify-full" in line
    assert "secret-word" not in line


def test_m10_the_systems_certificates_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DATABASE", f"{SERVER}?sslmode=verify-full&sslrootcert=system")

    assert read(Settings).profile is Profile.PRODUCTION


BOARD = {
    "ACCORD_DASHBOARD_URL": "https://board.test",
    "ACCORD_REFERRALS_URL": "https://referrals.test",
    "ACCORD_EXCHANGE_URL": "https://exchange.test",
    "ACCORD_CONSENT_URL": "https://consent.test",
    "ACCORD_LAW_ENFORCEMENT_BRIDGE_URL": "https://bridge.test",
    "ACCORD_INTAKE_URL": "https://intake.test",
    "ACCORD_AUDIT_URL": "https://audit.test",
    "ACCORD_NOTIFICATIONS_URL": "https://notifications.test",
    "ACCORD_TASKS_URL": "https://tasks.test",
}


@pytest.mark.parametrize("name", [*BOARD, "ACCORD_ISSUER", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_m10_nothing_goes_to_a_plain_http_address(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for setting, address in BOARD.items():
        monkeypatch.setenv(setting, address)
    assert read(BoardSettings).profile is Profile.PRODUCTION

    monkeypatch.setenv(name, "http://plain.test")
    with pytest.raises(SettingsRefused) as refused:
        read(BoardSettings)

    (line,) = refused.value.problems
    assert line.startswith(f"{name}: ")
    assert "https://" in line


def test_m10_every_refusal_is_one_line_and_no_traceback() -> None:
    unsafe = {
        "ACCORD_DATABASE": SERVER,
        "ACCORD_ISSUER": "http://issuer.test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.test",
    }
    environment = {"PATH": os.defpath} | ENVIRONMENT | unsafe
    command = [sys.executable, "-m", "services.intake.main"]

    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == sorted(unsafe)
    assert "secret-word" not in ended.stderr + ended.stdout


def test_development_may_do_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_PROFILE", "development")
    monkeypatch.setenv("ACCORD_ISSUER", "http://127.0.0.1:8000")
    monkeypatch.setenv("ACCORD_KAFKA_PROTOCOL", "SASL_PLAINTEXT")

    assert read(Settings).profile is Profile.DEVELOPMENT


def test_a_password_is_in_no_error_and_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    text = repr(read(Settings))
    monkeypatch.setenv("ACCORD_DATABASE", "postgres://secret-word@host")

    with pytest.raises(SettingsRefused) as caught:
        read(Settings)

    assert "secret-word" not in text + str(caught.value)


def test_settings_do_not_change() -> None:
    settings: Any = read(Settings)

    with pytest.raises(ValidationError):
        settings.profile = Profile.DEVELOPMENT
    assert isinstance(settings, Settings)


def test_h9_who_opens_in_production_has_a_key_to_promise_by(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match=r"^ACCORD_PROMISE_KEY_FILE: "):
        read(OpeningSettings)
    monkeypatch.setenv("ACCORD_PROMISE_KEY_FILE", "run/promise-key")

    assert read(OpeningSettings).promise_key_file == Path("run/promise-key")


def test_m8_production_shows_no_checkpoint_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_LEDGER_KEY_FILE", "run/ledger-key")
    monkeypatch.setenv("ACCORD_CHECKPOINT_SECONDS", "9.9")

    with pytest.raises(SettingsRefused, match=r"^ACCORD_CHECKPOINT_SECONDS: "):
        read(LedgerSettings)
