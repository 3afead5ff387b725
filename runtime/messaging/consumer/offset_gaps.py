"""A watch over the reader: a message that was passed over is noticed before anything after it is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from runtime.telemetry import log_fields

MAX_ENTRIES: Final = 10_000
log = logging.getLogger(__name__)

Partition = tuple[str, int]


class OffsetGap(Exception):
    """The reader skipped a message that is still there; reading has to begin again at what was acknowledged."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"{expected} was expected, {actual} came")


class OffsetGapDetector:
    """Knows which offset must come next in each partition.

    A mailbox has every offset, as it is neither compacted nor written to in transactions.  Reading starts at the
    `floor`: what the group committed, or the oldest that is left where that is younger.
    """

    def __init__(self, floor: Callable[[Partition, int], Awaitable[int]]) -> None:
        self._floor = floor
        self._next: dict[tuple[Partition, int], int] = {}
        self.reached: dict[Partition, int] = {}
        self.observed_count = 0

    async def observe(self, partition: Partition, generation: int, offset: int) -> None:
        """Note that this offset came; raises `OffsetGap` if one before it did not.

        `generation` counts how often partitions changed hands: each time reading starts anew.
        """
        place = (partition, generation)
        expected = self._next.get(place, 0)
        if offset > expected:
            floor = await self._floor(partition, offset)
            if offset > max(floor, expected):
                raise OffsetGap(max(floor, expected), offset)
            if place in self._next:
                log.error("offsets_expired", extra=log_fields(topic=partition[0], partition=partition[1]))
        if len(self._next) >= MAX_ENTRIES:
            self._next.clear()
        self._next[place] = self.reached[partition] = offset + 1
        self.observed_count += 1
