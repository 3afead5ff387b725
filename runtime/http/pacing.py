"""Requests begin a few at a time: however many come together, the loop goes round before the next few begin.

What begins runs until it first waits.  A thousand that begin in one round of the loop would make each step of those
that are being answered wait for all of them; a stop takes some twenty steps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

AT_A_TIME: Final = 8


class Starts:
    """Lets requests begin in the order in which they came, `AT_A_TIME` in each round of the loop.

    Whoever was refused several times in a row begins when nobody else waits.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._going_round = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._last: deque[asyncio.Future[None]] = deque()

    async def turn(self, *, last: bool = False) -> None:
        """Return when it is this request's turn, which is now unless many came together."""
        if not self._going_round:
            self._going_round = True
            asyncio.get_running_loop().call_soon(self._next_round)
        if self._begun < AT_A_TIME and not self._waiting and not self._last:
            self._begun += 1
            return
        mine = asyncio.get_running_loop().create_future()
        (self._last if last else self._waiting).append(mine)
        await mine

    def _next_round(self) -> None:
        self._begun = 0
        while self._begun < AT_A_TIME and (self._waiting or self._last):
            waiting = (self._waiting or self._last).popleft()
            if not waiting.done():
                waiting.set_result(None)
                self._begun += 1
        self._going_round = self._begun > 0
        if self._going_round:
            asyncio.get_running_loop().call_soon(self._next_round)
