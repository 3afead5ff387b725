"""Instants as people say them, "20 min late" or "in 2 h", and the local time of an agency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date

from services.dashboard.language import language_now, mark, translate

UNITS: Final = ((timedelta(days=2), timedelta(days=1), mark("days")), (timedelta(hours=2), timedelta(hours=1), "h"))
MINUTE: Final = timedelta(minutes=1)


class Urgency(StrEnum):
    """How near a deadline is."""

    LATE = "late"
    SOON = "soon"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LocalClock:
    """The instant that a page was made at, in the time zone of the agency that reads it."""

    at: datetime
    zone: tzinfo

    def time(self, instant: datetime) -> str:
        """Return the time of day with its zone: "10:04 PST"."""
        local = instant.astimezone(self.zone)
        return f"{local:%H:%M} {_zone_of(local)}"

    def full(self, instant: datetime) -> str:
        """Return day, date and time with the zone: "Mon 30 Nov 2026, 10:04 PST"."""
        local = instant.astimezone(self.zone)
        return f"{day_text(local)}, {self.time(instant)}"

    def relative(self, instant: datetime) -> str:
        """Return how far away an instant is: "5 min ago", "just now", "in 2 h"."""
        if abs(self.at - instant) < MINUTE:
            return translate(mark("just now"))
        length = span(abs(self.at - instant))
        return translate(mark("%(length)s ago") if instant < self.at else mark("in %(length)s")) % {"length": length}

    def due(self, deadline: datetime) -> str:
        """Return how a deadline stands: "20 min late", "due now", "in 2 h"."""
        if abs(self.at - deadline) < MINUTE:
            return translate(mark("due now"))
        length = span(abs(self.at - deadline))
        return translate(mark("%(length)s late") if deadline < self.at else mark("in %(length)s")) % {"length": length}

    def urgency(self, deadline: datetime, soon: timedelta) -> Urgency:
        """Return whether a deadline is over, comes within `soon`, or neither."""
        if deadline <= self.at:
            return Urgency.LATE
        return Urgency.SOON if deadline - self.at <= soon else Urgency.NONE


def day_text(day: date) -> str:
    """Return a day as people write it: "Thu 31 Dec 2026"."""
    return format_date(day, "EEE d MMM y", locale=language_now())


def span(length: timedelta) -> str:
    """Return a length of time in whole days, hours or minutes, rounded down."""
    for least, unit, name in UNITS:
        if length >= least:
            return f"{length // unit} {translate(name)}"
    return f"{length // MINUTE} min"


def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name, and UTC for a name that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _zone_of(local: datetime) -> str:
    # Where a zone has no letters of its own, the database of zones names it by its offset alone: "-03".
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name
