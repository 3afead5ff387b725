"""The one place where the machine's clocks are read.

For tokens, deadlines and logs only: what a survivor allowed is judged by the
database's clock, read once the subject is held.
"""

import time
from datetime import UTC, datetime


def monotonic() -> float:
    """Return seconds from a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def utcnow() -> datetime:
    """Return this machine's idea of the present instant, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this module is what the ban points to
