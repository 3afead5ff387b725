"""Load that is shed: a number for every one, and one line in the log for many."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Final

from runtime import clock
from runtime.telemetry import log_fields, metrics

EVERY: Final = 10.0  # seconds between two lines of one reason
log = logging.getLogger(__name__)

_since: dict[str, float] = {}
_untold: Counter[str] = Counter()


def shed(reason: str) -> None:
    """Count what was turned away, by what there was not enough of; tell of it at most every ten seconds."""
    metrics.shed(reason)
    _untold[reason] += 1
    now = clock.monotonic()
    if now - _since.get(reason, -EVERY) >= EVERY:
        _since[reason] = now
        log.warning("load_shed", extra=log_fields(reason=reason, count=_untold.pop(reason)))
