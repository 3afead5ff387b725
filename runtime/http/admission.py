"""Requests begin a few at a time: however many come together, the loop goes round before the next few begin.

What begins runs until it first waits.  A thousand that begin in one round of the loop would make each step of those
that are being answered wait for all of them; a stop takes some twenty steps.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from starlette.types import Scope

KEY: Final = "accord.starts"  # of what a request carries
AT_A_TIME: Final = 2
PATIENCE_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 0.002
HOLDS_BACK_EVERY_SECONDS: Final = 0.1  # the stops of one client, so that a flood of them keeps nobody out
MOST_CLIENTS: Final = 1_000


class AdmissionQueue:
    """Lets requests begin in the order in which they came, `AT_A_TIME` in each round of the loop.

    Whoever was refused several times in a row begins when nobody else waits.  While a stop is worked on, others begin
    only once they have waited for `PATIENCE_SECONDS`: a stop takes some twenty steps, each behind those of all others.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._going_round = False
        self._stops = 0
        self._held_back_for: OrderedDict[Hashable, float] = OrderedDict()
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._last: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def admit(self, *, last: bool = False) -> None:
        """Return when it is this request's turn, which is now unless many came together or a stop is worked on."""
        loop = asyncio.get_running_loop()
        if not self._going_round:
            self._going_round = True
            loop.call_soon(self._next_round)
        if self._begun < AT_A_TIME and not self._waiting and not self._last and not self._stops:
            self._begun += 1
            return
        turn = loop.create_future()
        (self._last if last else self._waiting).append((loop.time(), turn))
        await turn

    @contextmanager
    def prioritised(self, client: Hashable) -> Iterator[None]:
        """Let a client's stop be worked on before what begins after it, unless its last one was so just now."""
        now = asyncio.get_running_loop().time()
        if now - self._held_back_for.get(client, -HOLDS_BACK_EVERY_SECONDS) < HOLDS_BACK_EVERY_SECONDS:
            yield
            return
        self._held_back_for[client] = now
        self._held_back_for.move_to_end(client)
        while len(self._held_back_for) > MOST_CLIENTS:
            self._held_back_for.popitem(last=False)
        self._stops += 1
        try:
            yield
        finally:
            self._stops -= 1

    def _next_round(self) -> None:
        loop = asyncio.get_running_loop()
        self._begun = 0
        while self._begun < AT_A_TIME and (self._waiting or self._last):
            queue = self._waiting or self._last
            if self._stops and loop.time() - queue[0][0] < PATIENCE_SECONDS:
                break
            _, waiting = queue.popleft()
            if not waiting.done():
                waiting.set_result(None)
                self._begun += 1
        self._going_round = self._begun > 0 or bool(self._waiting or self._last)
        if self._begun:
            loop.call_soon(self._next_round)
        elif self._going_round:
            loop.call_later(PAUSE_SECONDS, self._next_round)


def ahead(scope: Scope, client: Hashable) -> AbstractContextManager[None]:
    """Let a client's stop be worked on before what begins after it in this process."""
    starts: AdmissionQueue | None = scope.get(KEY)
    return nullcontext() if starts is None else starts.prioritised(client)
