import logging

import pytest

from runtime.error_kinds import DependencyUnavailable
from runtime.messaging.consumer.health import UNREAD_LIMIT_SECONDS, WINDOW, ConsumerHealth
from runtime.messaging.consumer.lag import ConsumerLag


def a_state(handled: int = 0, parked: int = 0) -> ConsumerHealth:
    state = ConsumerHealth()
    state.reading = True
    state.record_handled(handled)
    for _ in range(parked):
        state.record_dead_letter()
    return state


@pytest.mark.parametrize(
    ("handled", "parked", "alarmed"),
    [(0, 1, False), (0, 2, True), (99, 1, False), (900, 9, False), (900, 11, True), (5000, 10, False)],
)
def test_more_than_one_in_a_hundred_parked_is_an_alarm(handled: int, parked: int, alarmed: bool) -> None:
    state = a_state(handled, parked)

    assert state.alarmed is alarmed
    assert state.missing() == (("parked",) if alarmed else ())


def test_the_alarm_is_logged_once_and_ends_on_recovery(caplog: pytest.LogCaptureFixture) -> None:
    state = a_state(0, 5)
    alarms = [record for record in caplog.records if record.levelno == logging.CRITICAL]

    state.record_handled(WINDOW)

    assert len(alarms) == 1
    assert not state.alarmed


def test_readiness_names_what_is_waited_for() -> None:
    state = a_state()

    state.waits_for(ConnectionError())
    assert state.missing() == ("database",)
    state.waits_for(DependencyUnavailable())
    assert state.missing() == ("effects",)
    state.waits_for(None)
    assert state.missing() == ()


def test_a_worker_that_does_not_read_is_not_ready() -> None:
    assert ConsumerHealth().missing() == ("worker",)


def test_d13_the_oldest_unread_message_is_told_by_readiness(caplog: pytest.LogCaptureFixture) -> None:
    state = a_state()
    for seconds in (9.9, 10.1, 15.0, 0.0):
        state.record_lag("exchange", seconds)
        assert state.missing() == (("unread",) if seconds > UNREAD_LIMIT_SECONDS else ())

    assert [record.getMessage() for record in caplog.records] == ["unread_too_long", "unread_caught_up"]
    assert [record.log_fields["seconds"] for record in caplog.records] == [10.1, 15.0]  # type: ignore[attr-defined]


def test_d13_a_wait_counts_from_when_the_message_was_first_known() -> None:
    unread, place = ConsumerLag(), ("to.harbor-house", 1)

    waits = [
        unread.observe({place: 5}, {place: 5}, 100.0),
        unread.observe({place: 7}, {place: 5}, 101.0),
        unread.observe({place: 9}, {place: 5}, 105.0),
        unread.observe({place: 9}, {place: 6}, 106.0),  # the seventh still waits
        unread.observe({place: 9}, {place: 7}, 107.0),
        unread.observe({place: 9}, {place: 9}, 120.0),
        unread.observe({}, {}, 130.0),
    ]

    assert waits == [0, 0, 4.0, 5.0, 2.0, 0, 0]


def test_d13_what_was_never_handled_counts_from_the_oldest_left() -> None:
    unread, empty, full = ConsumerLag(), ("to.harbor-house", 0), ("to.county-sheriff", 0)
    handled = {empty: 40, full: 0}  # of the first all has expired

    assert [unread.observe({empty: 40, full: 3}, handled, at) for at in (1.0, 12.0)] == [0, 11.0]
