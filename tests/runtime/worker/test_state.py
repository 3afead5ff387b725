import logging

import pytest

from runtime.faults import TryAgain
from runtime.worker.state import WINDOW, State


def a_state(handled: int = 0, parked: int = 0) -> State:
    state = State()
    state.reading = True
    state.handled(handled)
    for _ in range(parked):
        state.parked_one()
    return state


@pytest.mark.parametrize(
    ("handled", "parked", "alarmed"),
    [(0, 1, False), (0, 2, True), (99, 1, False), (900, 9, False), (900, 11, True), (5000, 10, False)],
)
def test_more_than_one_in_a_hundred_parked_is_an_alarm(handled: int, parked: int, alarmed: bool) -> None:
    state = a_state(handled, parked)

    assert state.alarmed is alarmed
    assert state.missing() == (("parked",) if alarmed else ())


def test_the_alarm_is_said_once_and_ends_when_all_goes_well_again(caplog: pytest.LogCaptureFixture) -> None:
    state = a_state(0, 5)
    alarms = [record for record in caplog.records if record.levelno == logging.CRITICAL]

    state.handled(WINDOW)

    assert len(alarms) == 1
    assert not state.alarmed


def test_readiness_names_what_is_waited_for() -> None:
    state = a_state()

    state.waits_for(ConnectionError())
    assert state.missing() == ("database",)
    state.waits_for(TryAgain())
    assert state.missing() == ("effects",)
    state.waits_for(None)
    assert state.missing() == ()


def test_a_worker_that_does_not_read_is_not_ready() -> None:
    assert State().missing() == ("worker",)
