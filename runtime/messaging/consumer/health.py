"""What a worker knows of itself, for readiness, alarms and metrics."""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from runtime.error_kinds import DependencyUnavailable
from runtime.telemetry import log_fields, metrics

WINDOW: Final = 1000
UNREAD_LIMIT_SECONDS: Final = 10.0
TOO_MANY: Final = 0.01
log = logging.getLogger(__name__)


class ConsumerStopped(Exception):
    """Faust stopped reading by itself; `restartable` where another one may take its place in this process."""

    def __init__(self, *, restartable: bool) -> None:
        super().__init__("begin anew" if restartable else "end the process")
        self.restartable = restartable


class ConsumerHealth:
    """Whether a worker reads, what it lacks, and how much of what it read it had to park."""

    def __init__(self) -> None:
        self.reading = False
        self.broker = True
        self.database = True
        self.effects = True
        self.handled_total = 0
        self.parked_total = 0
        self.unread_seconds = 0.0  # for how long the oldest message waits that nobody handled
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._alarmed = False

    @property
    def alarmed(self) -> bool:
        """Tell whether more than one in a hundred of the latest messages was parked."""
        return sum(self._recent) > TOO_MANY * max(100, len(self._recent))

    def waits_for(self, failed: BaseException | None) -> None:
        """Note what was away when a message had to wait; None once one went through."""
        asked_to_wait = isinstance(failed, DependencyUnavailable)
        self.effects = not asked_to_wait
        self.database = failed is None or asked_to_wait

    def record_handled(self, count: int) -> None:
        """Count messages that had their effect."""
        self.handled_total += count
        self._recent.extend([False] * min(count, WINDOW))
        self._alarmed = self._alarmed and self.alarmed

    def record_dead_letter(self) -> None:
        """Count a message that was parked; alarm once when it is one too many."""
        self.parked_total += 1
        self._recent.append(True)
        if self.alarmed and not self._alarmed:
            self._alarmed = True
            log.critical("dead_letter_limit_reached")

    def record_lag(self, consumer: str, seconds: float) -> None:
        """Note for how long the oldest message has waited; say so once it is too long, and once it is over."""
        before, self.unread_seconds = self.unread_seconds, seconds
        metrics.unread(consumer, seconds)
        if (before > UNREAD_LIMIT_SECONDS) is not (seconds > UNREAD_LIMIT_SECONDS):
            over = seconds > UNREAD_LIMIT_SECONDS
            about = log_fields(consumer=consumer, seconds=round(seconds if over else before, 1))
            log.log(
                logging.ERROR if over else logging.WARNING,
                "unread_too_long" if over else "unread_caught_up",
                extra=about,
            )

    def missing(self) -> tuple[str, ...]:
        """Return what keeps this worker from doing its work."""
        parts = (
            ("database", self.database),
            ("broker", self.broker),
            ("worker", self.reading),
            ("effects", self.effects),
            ("parked", not self.alarmed),
            ("unread", self.unread_seconds <= UNREAD_LIMIT_SECONDS),
        )
        return tuple(part for part, well in parts if not well)
