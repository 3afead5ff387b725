"""Refusals that tell nothing by their time: what is not there and what is not for you are told at even instants."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Final

from runtime import clock

STEP: Final = 0.025  # seconds; longer than almost any refusal takes by itself
MOST_STEPS: Final = 8
REMEMBERED: Final = 64
AWAKE_SECONDS: Final = 0.002


class ResponseTimePadder:
    """The time that refusals take at this process: the slowest of the latest, in whole steps, for each of them.

    What is refused in less would else be told sooner on a busy machine, where some kinds take longer than a step.
    """

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=REMEMBERED)

    async def pad(self, began: float) -> None:
        """Return when a refusal that began then is to be told, to some ten microseconds."""
        took = clock.monotonic() - began
        self._latest.append(took)
        step = STEP * min(MOST_STEPS, math.ceil(max(self._latest) / STEP))
        until = began + step * math.ceil(took / step)
        # The loop's timers are a millisecond coarse, from when they are set: slept to the end, they would tell that.
        await asyncio.sleep(max(0.0, until - clock.monotonic() - AWAKE_SECONDS))
        while clock.monotonic() < until:
            await asyncio.sleep(0)
