"""Rounds that begin at once after a rest, and no faster than the pace while there is none."""

import pytest

from runtime import clock
from runtime.batch_throttle import Throttle


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, to be moved."""
    at = [1_000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    return at


def test_the_first_round_begins_at_once(now: list[float]) -> None:
    assert Throttle(0.04).wait() == 0


def test_the_next_waits_for_what_is_left_of_the_pace(now: list[float]) -> None:
    pace = Throttle(0.04)
    pace.begin()

    now[0] += 0.03

    assert pace.wait() == pytest.approx(0.01)


def test_after_a_rest_nobody_waits(now: list[float]) -> None:
    pace = Throttle(0.04)
    pace.begin()

    now[0] += 5

    assert pace.wait() == 0


def test_a_few_may_begin_at_once_and_then_the_pace_holds(now: list[float]) -> None:
    pace = Throttle(0.04, at_once=3)

    waits = []
    for _ in range(5):
        waits.append(pace.wait())
        now[0] += waits[-1]
        pace.begin()

    assert waits == pytest.approx([0, 0, 0, 0.04, 0.04])


def test_rounds_that_did_not_wait_are_not_made_up_for_later(now: list[float]) -> None:
    pace = Throttle(0.04, at_once=3)
    for _ in range(1000):
        pace.begin()

    assert pace.wait() == pytest.approx(0.04)
