"""Restart backoff: how often a process failed lately, and so when it is started again."""

from __future__ import annotations

from dataclasses import dataclass

WELL_AFTER_SECONDS = 60.0  # seconds: what ran so long has recovered from what it fell by before
PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0)  # seconds, after the first fall, the second, ...


@dataclass(slots=True)
class RestartBackoff:
    """The failures of one process: it restarts at once after the first, and later after each further one."""

    started: float
    count: int = 0
    record_fall: float | None = None

    def due(self, now: float) -> bool:
        """Tell whether it may be started; the first call after a failure counts it."""
        if self.record_fall is None:
            self.record_fall = now
            self.count = 1 if now - self.started >= WELL_AFTER_SECONDS else self.count + 1
        return now >= self.record_fall + PAUSES[min(self.count, len(PAUSES)) - 1]

    def record_start(self, now: float) -> None:
        """Note that it was started."""
        self.started, self.record_fall = now, None
