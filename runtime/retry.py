"""Trying again: what may pass by itself is tried until it passes, with a longer wait after each failure."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from runtime.error_kinds import ErrorKind, classify


@dataclass(frozen=True, slots=True)
class Backoff:
    """The waits between tries, in seconds: each twice the one before, up to the longest."""

    first: float
    longest: float

    def delays(self) -> Iterator[float]:
        """Yield each wait in turn, without end."""
        delay = self.first
        while True:
            yield delay
            delay = min(self.longest, delay * 2)


async def retry(
    attempt: Callable[[], Awaitable[None]],
    backoff: Backoff,
    on_failure: Callable[[Exception], None],
    *,
    conflicts: float = math.inf,
    stopping: asyncio.Event | None = None,
) -> None:
    """Attempt until it works or `stopping`, with `on_failure` before each wait.

    Raises what will not pass by itself, and the conflict after which no more of the `conflicts` are left.
    """
    stop = stopping or asyncio.Event()
    for delay in backoff.delays():
        if stop.is_set():
            return
        try:
            return await attempt()
        except Exception as failed:
            kind = classify(failed)
            conflicts -= kind is ErrorKind.CONFLICT
            if kind is ErrorKind.PERMANENT or conflicts <= 0:
                raise
            on_failure(failed)
        await pause(stop, delay)


async def pause(until: asyncio.Event, seconds: float) -> None:
    """Wait for so many seconds, or until the event."""
    if seconds <= 0:
        return
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return
