"""When a refusal is told: a whole number of steps after it began, as many as the slowest of the latest took."""

import asyncio

from runtime import clock
from runtime.http.response_padding import STEP, ResponseTimePadder


async def refusal_seconds(evenly: ResponseTimePadder, took: float) -> float:
    """Return how long a refusal took in all that was decided after `took` seconds."""
    began = clock.monotonic() - took
    await evenly.pad(began)
    return clock.monotonic() - began


async def test_whatever_is_refused_takes_one_step() -> None:
    evenly = ResponseTimePadder()

    assert await refusal_seconds(evenly, 0.0) >= STEP
    assert await refusal_seconds(evenly, STEP / 2) >= STEP


async def test_after_a_slow_one_all_take_as_long() -> None:
    evenly = ResponseTimePadder()
    await refusal_seconds(evenly, STEP * 2.5)

    assert await refusal_seconds(evenly, 0.001) >= 3 * STEP


async def test_one_that_hangs_holds_up_the_others_for_a_moment_only() -> None:
    evenly = ResponseTimePadder()
    await refusal_seconds(evenly, 60.0)

    async with asyncio.timeout(5):
        assert await refusal_seconds(evenly, 0.001) >= 8 * STEP
