"""A pace: a few rounds after a rest begin at once, and while there is no rest they begin no faster than that.

What comes together is done together, at half the cost: a commit, a lock and a request cost the same for one as for ten.
"""

from __future__ import annotations

from runtime import clock


class Throttle:
    """Tells how long to wait until the next round may begin: one every `every` seconds, `at_once` after a rest."""

    def __init__(self, every: float, *, at_once: int = 1) -> None:
        self._every = every
        self._ahead = every * (at_once - 1)  # seconds by which rounds may run ahead of their pace
        self._next_at = 0.0

    def wait(self) -> float:
        """Return the seconds until the next round may begin, none where the last began long ago."""
        return max(0.0, self._next_at - self._ahead - clock.monotonic())

    def begin(self) -> None:
        """Note that a round begins, whether or not it was waited for."""
        now = clock.monotonic()
        self._next_at = min(max(self._next_at, now), now + self._ahead) + self._every
