"""How long a service's latest answers took, agency by agency: in the memory of one process, and sent nowhere."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

REMEMBERED: Final = 1_000  # answers of an agency
REMEMBERED_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class LatestTimes:
    """Of how many answers the times are known, and in how many seconds 99 in 100 of them came; None where of none."""

    count: int
    p99_seconds: float | None


class AnswerTimes:
    """The times of the latest thousand answers within an hour that these routes gave, for each agency."""

    def __init__(self, routes: Collection[str]) -> None:
        self._routes = frozenset(routes)
        self._latest: dict[str, deque[tuple[float, float]]] = {}

    def note(self, route: str, agency: str, at: float, seconds: float) -> None:
        """Remember an answer given at a monotonic instant, and the seconds it took, if it is one of these routes'."""
        if route in self._routes:
            latest = self._latest.setdefault(agency, deque(maxlen=REMEMBERED))
            latest.append((at, seconds))

    def of(self, agency: str, now: float) -> LatestTimes:
        """Return the times of an agency's own answers, at a monotonic instant."""
        latest = self._latest.get(agency, ())
        times = sorted(seconds for at, seconds in latest if now - at <= REMEMBERED_SECONDS)
        return LatestTimes(len(times), times[math.ceil(len(times) * 0.99) - 1] if times else None)
