"""Instants as people say them, by the clock on the wall of their agency."""

from datetime import UTC, datetime, timedelta

import pytest

from services.dashboard.local_clock import LocalClock, Urgency, zone_of

NOON = datetime(2026, 11, 30, 20, 4, tzinfo=UTC)
CLOCK = LocalClock(NOON, zone_of("America/Los_Angeles"))


@pytest.mark.parametrize(
    ("minutes", "relative", "due"),
    [
        (-3 * 24 * 60, "3 days ago", "3 days late"),
        (-27 * 60, "27 h ago", "27 h late"),
        (-20, "20 min ago", "20 min late"),
        (0, "just now", "due now"),
        (119, "in 119 min", "in 119 min"),
        (120, "in 2 h", "in 2 h"),
        (48 * 60, "in 2 days", "in 2 days"),
    ],
)
def test_an_instant_is_told_as_people_say_it(minutes: int, relative: str, due: str) -> None:
    instant = NOON + timedelta(minutes=minutes)

    assert (CLOCK.relative(instant), CLOCK.due(instant)) == (relative, due)


@pytest.mark.parametrize(
    ("zone", "time", "full"),
    [
        ("America/Los_Angeles", "12:04 PST", "Mon 30 Nov 2026, 12:04 PST"),
        ("Asia/Tokyo", "05:04 JST", "Tue 1 Dec 2026, 05:04 JST"),
        ("America/Sao_Paulo", "17:04 UTC-03", "Mon 30 Nov 2026, 17:04 UTC-03"),
        ("UTC", "20:04 UTC", "Mon 30 Nov 2026, 20:04 UTC"),
        ("No/Such_Zone", "20:04 UTC", "Mon 30 Nov 2026, 20:04 UTC"),
    ],
)
def test_the_whole_instant_names_its_zone(zone: str, time: str, full: str) -> None:
    clock = LocalClock(NOON, zone_of(zone))

    assert (clock.time(NOON), clock.full(NOON)) == (time, full)


def test_a_zone_says_whether_it_is_summer() -> None:
    assert CLOCK.time(datetime(2026, 7, 1, 20, tzinfo=UTC)) == "13:00 PDT"


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-1, Urgency.LATE), (0, Urgency.LATE), (120, Urgency.SOON), (121, Urgency.NONE)]
)
def test_a_deadline_is_late_soon_or_neither(minutes: int, expected: Urgency) -> None:
    assert CLOCK.urgency(NOON + timedelta(minutes=minutes), timedelta(hours=2)) is expected
