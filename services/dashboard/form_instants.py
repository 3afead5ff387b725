"""Days and times as people type them, in their agency's time zone, and as services take them: in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from services.dashboard.local_clock import LocalClock

TYPED: Final = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]  # how a browser writes a time that somebody typed (HTML)


def end_of_day(clock: LocalClock, day: date | None) -> str:
    """Return the last second of a day of the agency's calendar, as a service takes an instant; none of no day."""
    if day is None:
        return ""
    midnight = datetime.combine(day + timedelta(days=1), time(), clock.zone)
    return wire(midnight - timedelta(seconds=1))


def typed_instant(clock: LocalClock, typed: datetime | None) -> str:
    """Return the instant of a time that somebody typed without a zone; none of no time."""
    return "" if typed is None else wire(typed.replace(tzinfo=clock.zone))


def local_now(clock: LocalClock) -> datetime:
    """Return the local time now, without its zone and to the second, as a field shows it.

    A minute would lie before what was stopped or denied just now, and a signature from before that grants nothing.
    """
    return clock.at.astimezone(clock.zone).replace(tzinfo=None, microsecond=0)


def local_day(clock: LocalClock, days: int = 0) -> date:
    """Return the day on the agency's calendar, or one so many days later."""
    return clock.at.astimezone(clock.zone).date() + timedelta(days=days)


def to_the_second(clock: LocalClock, instant: datetime) -> str:
    """Return an instant to the second: "Mon 30 Nov 2026, 10:04:12 PST"."""
    local = instant.astimezone(clock.zone)
    day, zone = clock.full(instant).rpartition(", ")[0], clock.time(instant).partition(" ")[2]
    return f"{day}, {local:%H:%M:%S} {zone}"


def wire(instant: datetime) -> str:
    """Return an instant as a service takes it: in UTC, to the second."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
