import os
import signal
from pathlib import Path
from typing import Any

import pytest

from runtime import failpoints
from runtime.settings import Profile, Settings


def settings(**other: Any) -> Settings:
    fields: dict[str, Any] = {
        "service": "relay",
        "database": "postgresql+psycopg://nobody@127.0.0.1/accord",
        "issuer": "https://issuer.example",
        "port": 1,
        "kafka": "127.0.0.1:1",
        "kafka_user": "relay",
        "kafka_password_file": Path("password"),
        "keys": Path("keys"),
        "profile": Profile.DEVELOPMENT,
    }
    return Settings(**fields | other)


@pytest.fixture(autouse=True)
def deaths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    died: list[int] = []
    monkeypatch.setattr("os._exit", died.append)
    return died


def test_nothing_dies_where_nothing_is_armed(deaths: list[int]) -> None:
    failpoints.arm(settings())

    failpoints.hit("relay.after_produce")

    assert deaths == []


def test_an_armed_point_dies_as_if_killed(deaths: list[int]) -> None:
    failpoints.arm(settings(crash_at="relay.after_produce"))

    failpoints.hit("relay.after_claim")
    failpoints.hit("relay.after_produce")
    failpoints.disarm()

    assert deaths == [137]


def test_a_point_may_be_passed_before_it_kills(deaths: list[int]) -> None:
    failpoints.arm(settings(crash_at="relay.after_produce:3"))

    for passing in range(1, 4):
        failpoints.hit("relay.after_produce")
        assert len(deaths) == (passing == 3)
    failpoints.disarm()


def test_production_has_no_crash_points() -> None:
    forced = settings(crash_at="relay.after_produce").model_copy(update={"profile": Profile.PRODUCTION})

    with pytest.raises(ValueError, match="development"):
        failpoints.arm(forced)


def test_a_point_may_stop_a_process_each_time_it_passes(monkeypatch: pytest.MonkeyPatch, deaths: list[int]) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr("os.kill", lambda pid, number: sent.append((pid, number)))
    failpoints.arm(settings(crash_at="opening.after_commit:stop"))

    failpoints.hit("opening.before_commit")
    failpoints.hit("opening.after_commit")
    failpoints.hit("opening.after_commit")
    failpoints.disarm()
    failpoints.hit("opening.after_commit")

    assert sent == [(os.getpid(), signal.SIGSTOP)] * 2
    assert deaths == []
