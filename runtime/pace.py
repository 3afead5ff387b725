"""A pace: the first round after a rest begins at once, and while there is no rest they begin no faster than that.

What comes together is done together, at half the cost: a commit, a lock and a request cost the same for one as for ten.
"""

from __future__ import annotations

from runtime import clock


class Pace:
    """Tells how long to wait until the next round may begin."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._began_at = -every

    def wait(self) -> float:
        """Return the seconds until the next round may begin, none where the last began long ago."""
        return max(0.0, self._began_at + self._every - clock.monotonic())

    def begin(self) -> None:
        """Note that a round begins."""
        self._began_at = clock.monotonic()
