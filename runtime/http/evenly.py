"""Refusals that tell nothing by their time: what is not there and what is not for you are told at even instants."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from runtime import clock

STEP: Final = 0.025  # seconds; longer than almost any refusal takes by itself
AWAKE: Final = 0.002


async def until_the_next_step(began: float) -> None:
    """Return a whole number of steps after `began`, to some ten microseconds."""
    until = began + STEP * math.ceil((clock.monotonic() - began) / STEP)
    # The loop's timers are a millisecond coarse, counted from when they are set: slept to the end, they would tell it.
    await asyncio.sleep(max(0.0, until - clock.monotonic() - AWAKE))
    while clock.monotonic() < until:
        await asyncio.sleep(0)
