"""What a record of a death must be for anybody to act by it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from services.consent.domain.drafts import refuse_if

LONGEST_AGO: Final = timedelta(days=3653)
EARLIEST_MORNING: Final = timedelta(hours=14)  # UTC+14: where a day begins first


def check_died_on(died_on: date, at: datetime) -> None:
    """Refuse a day that has begun nowhere yet, and one of more than ten years ago: it was mistyped."""
    refuse_if(
        [
            (died_on > (at + EARLIEST_MORNING).date(), "died_on", "in_the_future"),
            (died_on < (at - LONGEST_AGO).date(), "died_on", "too_long_ago"),
        ]
    )
