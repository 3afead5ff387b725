"""How often one client may ask one route: a bucket that fills again with time."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable

from runtime import clock
from runtime.http.problems import TooManyRequests

MAX_BUCKETS = 20_000


class RateLimiter:
    """Token buckets of this process, by client and route; no address is kept."""

    def __init__(self, rate: float, burst: int, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def acquire(self, key: Hashable) -> None:
        """Take one token from the bucket of `key`; refuse where it is empty."""
        now = self._monotonic()
        left, since = self._buckets.pop(key, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._rate)
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        if left < 1:
            raise TooManyRequests(math.ceil((1 - left) / self._rate))
