"""Who is worked for at a time: each client has its share, and stops have places that nobody else takes.

A place is for work, never for waiting on a client: a body is read before one is taken.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from runtime.http import load_shed
from runtime.http.problems import Problem, Unavailable

STOP_SECONDS = 5.0  # that a stop waits for a place, in the order of asking
BODY_SECONDS = 10.0  # from the head of a request to the last byte of its body


class ConcurrencyLimits:
    """Places of this process: `at_once` in all, of which `for_stops` are kept for stops.

    A client may go beyond its `share` only while half of the others are free.
    """

    def __init__(self, at_once: int, *, share: int, for_stops: int) -> None:
        self._open = max(1, at_once - for_stops)
        self._share = share
        self._busy = 0
        self._mine: Counter[Hashable] = Counter()
        self._stops = asyncio.Semaphore(for_stops)
        self._own: dict[Hashable, _Turns] = {}

    @asynccontextmanager
    async def of(self, client: Hashable) -> AsyncIterator[None]:
        """Hold a place for a client; raises `Unavailable` where it has its share or none is left."""
        beyond = self._mine[client] >= self._share
        if self._busy >= self._open or (beyond and self._busy >= self._open // 2):
            load_shed.shed("places")
            raise Unavailable
        self._busy += 1
        self._mine[client] += 1
        try:
            yield
        finally:
            self._busy -= 1
            self._mine[client] -= 1
            if not self._mine[client]:
                del self._mine[client]

    @asynccontextmanager
    async def of_stop(self, client: Hashable) -> AsyncIterator[None]:
        """Hold a place for a client's stop, once it is its turn; raises `Unavailable` after some seconds."""
        own = self._own.setdefault(client, _Turns(self._share))
        own.users += 1
        try:
            async with _turn(own.turns), _turn(self._stops):
                yield
        finally:
            own.users -= 1
            if not own.users:
                del self._own[client]


class _Turns:
    def __init__(self, share: int) -> None:
        self.turns = asyncio.Semaphore(share)
        self.users = 0


@asynccontextmanager
async def _turn(turns: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await turns.acquire()
    except TimeoutError:
        load_shed.shed("stops")
        raise Unavailable from None
    try:
        yield
    finally:
        turns.release()


class BodyReadLimits:
    """Bodies that are on their way, by client; where one has too many, its oldest is given up for its newest.

    So whoever lets bodies trickle keeps nobody out, not even itself.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._coming: dict[Hashable, OrderedDict[asyncio.Timeout, None]] = {}

    @asynccontextmanager
    async def of(self, client: Hashable) -> AsyncIterator[None]:
        """Wait for a client's body; raises `Problem` (body_too_slow) where it takes too long."""
        timeouts = self._coming.setdefault(client, OrderedDict())
        if len(timeouts) >= self._most:
            oldest, _ = timeouts.popitem(last=False)
            oldest.reschedule(asyncio.get_running_loop().time())
            load_shed.shed("bodies")
        timeout = asyncio.timeout(BODY_SECONDS)
        try:
            async with timeout:
                timeouts[timeout] = None
                yield
        except TimeoutError:
            raise Problem("body_too_slow") from None
        finally:
            timeouts.pop(timeout, None)
            if not timeouts and self._coming.get(client) is timeouts:
                del self._coming[client]
