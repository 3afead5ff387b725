"""What may pass by itself is tried again, what lasts is raised, and a stop ends the waiting."""

import asyncio
from collections.abc import Callable
from itertools import islice

import pytest
from sqlalchemy.exc import DBAPIError

from runtime.error_kinds import DependencyUnavailable
from runtime.retry import Backoff, pause, retry

AT_ONCE = Backoff(0.0, 0.0)


class Deadlock(Exception):
    sqlstate = "40P01"


CONFLICT = DBAPIError("SELECT", None, Deadlock())


def failing(*errors: Exception) -> tuple[list[Exception], Callable[[], "asyncio.Future[None]"]]:
    """Return what is left to fail by, and a call that fails by each in turn and then works."""
    left = list(errors)

    def attempt() -> "asyncio.Future[None]":
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if left:
            result.set_exception(left.pop(0))
        else:
            result.set_result(None)
        return result

    return left, attempt


def test_delays_double_up_to_the_longest() -> None:
    assert list(islice(Backoff(0.1, 0.5).delays(), 5)) == [0.1, 0.2, 0.4, 0.5, 0.5]


async def test_what_is_away_is_tried_until_it_is_back() -> None:
    failures: list[Exception] = []
    left, attempt = failing(DependencyUnavailable(), ConnectionError(), CONFLICT)

    await retry(attempt, AT_ONCE, failures.append)

    assert not left
    assert len(failures) == 3


async def test_what_lasts_is_raised_at_once() -> None:
    left, attempt = failing(ValueError("lasts"), ValueError("lasts"))

    with pytest.raises(ValueError, match="lasts"):
        await retry(attempt, AT_ONCE, lambda _: None)
    assert len(left) == 1


async def test_conflicts_are_counted_and_outages_are_not() -> None:
    left, attempt = failing(CONFLICT, ConnectionError(), ConnectionError(), CONFLICT, CONFLICT)

    with pytest.raises(DBAPIError):
        await retry(attempt, AT_ONCE, lambda _: None, conflicts=2)
    assert len(left) == 1


async def test_a_stop_ends_the_waiting() -> None:
    stopping = asyncio.Event()
    _, attempt = failing(ConnectionError(), ConnectionError())

    async with asyncio.timeout(5):
        await retry(attempt, Backoff(60, 60), lambda _: stopping.set(), stopping=stopping)
        await pause(stopping, 60)
