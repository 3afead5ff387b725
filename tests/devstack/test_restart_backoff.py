"""What falls is started again: at once, then later each time, and at once again after it was well for a while."""

import pytest

from devstack.restart_backoff import PAUSES, WELL_AFTER_SECONDS, RestartBackoff


def pause(falls: RestartBackoff, at: float) -> float:
    """Return for how long it stays down after a fall at that instant, and start it then."""
    assert falls.due(at) is (falls.count == 1)
    waited = next(pause for pause in PAUSES if falls.due(at + pause))
    falls.record_start(at + waited)
    return waited


def test_it_stays_down_longer_each_time_up_to_a_limit() -> None:
    falls, at, waited = RestartBackoff(started=0.0), 1.0, []
    for _ in range(9):
        waited.append(pause(falls, at))
        at = falls.started + 1.0

    assert waited == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_what_was_well_for_a_while_is_started_at_once_again() -> None:
    falls = RestartBackoff(started=0.0)
    assert [pause(falls, 1.0), pause(falls, 2.0), pause(falls, 3.5)] == [0.0, 0.5, 1.0]

    assert pause(falls, falls.started + WELL_AFTER_SECONDS) == 0.0
    assert pause(falls, falls.started + 1.0) == 0.5


@pytest.mark.parametrize("times", [1, 50])
def test_a_fall_counts_once_however_often_it_is_looked_at(times: int) -> None:
    falls = RestartBackoff(started=0.0, count=3)

    for _ in range(times):
        falls.due(1.0)

    assert falls.count == 4


def test_ten_thousand_falls_are_no_other_than_ten() -> None:
    falls = RestartBackoff(started=0.0, count=10_000)

    assert pause(falls, 1.0) == PAUSES[-1]
