"""When and how a survivor may be told that there is an update, and in which words.

Unknown, unsafe, stale or "do not contact me" means that nothing is sent, and there is no fallback to a channel
that was not marked safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from schemas.codes import Bool3, ChannelKind, ChannelStatus, NoticeKind, Weekday
from schemas.facts import (
    ProtectiveOrderExpired,
    ProtectiveOrderExpiring,
    ProtectiveOrderHearingSet,
    ProtectiveOrderServed,
    ProtectiveOrderServiceFailed,
    ProtectiveOrderVacated,
    ReferralAccepted,
    ReferralDeclined,
)
from schemas.facts.survivor import Channel, Window
from schemas.taxonomy import bit

# What is worth telling; the notice itself never says which it was (law R42).
KINDS: Mapping[str, NoticeKind] = {
    ProtectiveOrderServed.type: NoticeKind.ORDER_SERVED,
    ProtectiveOrderServiceFailed.type: NoticeKind.ORDER_SERVICE_FAILED,
    ProtectiveOrderHearingSet.type: NoticeKind.HEARING_SET,
    ProtectiveOrderExpiring.type: NoticeKind.ORDER_EXPIRING,
    ProtectiveOrderExpired.type: NoticeKind.ORDER_ENDED,
    ProtectiveOrderVacated.type: NoticeKind.ORDER_ENDED,
    ReferralAccepted.type: NoticeKind.REFERRAL_ANSWERED,
    ReferralDeclined.type: NoticeKind.REFERRAL_ANSWERED,
}
# The only words that ever go out: no agency, no name, no case, no link, no kind.
TEXTS: Mapping[str, str] = {
    "en": "You have an update. Look when it suits you.",
    "es": "Tiene una novedad. Mírela cuando le venga bien.",
}
SENDABLE = (ChannelKind.VOICE, ChannelKind.SMS, ChannelKind.EMAIL)
DAYS = tuple(Weekday)
LOOK_AGAIN = timedelta(days=1)  # each look is on the survivor's record; a new word of theirs is acted on at once
WINDOW = timedelta(hours=1)  # in which one neutral notice stands for all that happened in a case
MOST_A_DAY = 4  # neutral notices of a case in 24 hours
# So much news of one kind from one agency is held for a person to look at.
BURST, BURST_WITHIN = 20, timedelta(minutes=10)
TIMES_THE_MEAN, MEAN_OF, LEAST_A_DAY = 5, timedelta(days=30), 20
HELD_BY_THE_BRAKE = timedelta(days=1)  # then its cases have one notice each: what was true news is not lost
# What the survivor said of being reached: each of these holds as last told, wherever it was told.
CONTACT: Mapping[str, int] = {
    name: bit(f"safe_contact.{name}") for name in ("channels", "do_not_contact", "anytime_for")
}


@dataclass(frozen=True, slots=True)
class Send:
    """The notice may go out now, on this channel."""

    channel: Channel = field(repr=False)

    @property
    def text(self) -> str:
        """Return the fixed words in the channel's language; English where we have no other."""
        return TEXTS.get((self.channel.language or "en").split("-")[0], TEXTS["en"])

    @property
    def voicemail(self) -> bool:
        """Tell whether the words may be left on a voicemail; not known is no."""
        return self.channel.voicemail_ok is Bool3.YES


@dataclass(frozen=True, slots=True)
class Wait:
    """The notice may go out later, at the earliest at this instant."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """The notice may not go out; somebody has to ask the survivor again."""

    reason: str


Choice = Send | Wait | Hold


@dataclass(frozen=True, slots=True)
class Volume:
    """In how many cases one agency had news of one kind, up to an instant; a case has one notice of all of it."""

    in_ten_minutes: int
    in_a_day: int
    before: int  # in the 30 days before that day, each day of a case counted


def is_flood(volume: Volume) -> bool:
    """Tell whether the volume is more news than one agency plausibly has."""
    usual = volume.before / MEAN_OF.days
    unusual = usual > 0 and volume.in_a_day > max(LEAST_A_DAY, TIMES_THE_MEAN * usual)
    return volume.in_ten_minutes > BURST or unusual


def next_allowed(handed_on: Sequence[datetime], at: datetime) -> tuple[datetime, str] | None:
    """Return when a case may have its next notice and what it waits for; None if it may at `at`.

    `handed_on` are the instants of its earlier ones, in any order.
    """
    today = sorted(instant for instant in handed_on if instant > at - timedelta(days=1))
    if len(today) >= MOST_A_DAY:
        return today[-MOST_A_DAY] + timedelta(days=1), "daily_maximum"
    if today and today[-1] > at - WINDOW:
        return today[-1] + WINDOW, "recently_sent"
    return None


def wanted_at_any_hour(contact: Mapping[str, Any], kind: NoticeKind) -> bool:
    """Tell whether the survivor wants this kind at once; no other kind then counts against it."""
    return kind in (contact.get("anytime_for") or ())


def choose(contact: Mapping[str, Any], kind: NoticeKind, at: datetime) -> Choice:
    """Return what the survivor's own words allow for a notice of `kind` at the instant `at`.

    `contact` is the opened safe_contact; what cannot be read there counts as not safe.
    """
    if contact.get("do_not_contact", False) is not False:
        return Hold("do_not_contact")
    safe = [channel for channel in _channels(contact.get("channels") or ()) if usable(channel, at)]
    if not safe:
        return Hold("no_safe_channel")
    anytime = wanted_at_any_hour(contact, kind)
    for channel in safe:
        if anytime or is_open(channel, at):
            return Send(channel)
    later = [opening for opening in (next_opening(channel, at) for channel in safe) if opening is not None]
    return Wait(min(later)) if later else Hold("no_window")


def usable(channel: Channel, at: datetime) -> bool:
    """Tell whether the channel is marked safe, still valid, and one that a notice can go out on."""
    valid = channel.valid_until is not None and at < channel.valid_until
    return channel.status is ChannelStatus.SAFE and valid and channel.kind in SENDABLE and channel.address is not None


def is_open(channel: Channel, at: datetime) -> bool:
    """Tell whether `at` lies in one of the channel's windows, by the survivor's own clock on the wall."""
    zone = _zone(channel)
    return zone is not None and any(_covers(window, at.astimezone(zone)) for window in channel.windows)


def next_opening(channel: Channel, at: datetime) -> datetime | None:
    """Return the next instant at which a window of the channel may open; None if none opens in a week."""
    zone = _zone(channel)
    if zone is None:
        return None
    openings = [opening for window in channel.windows for opening in _openings(window, at.astimezone(zone))]
    return min((opening for opening in (local.astimezone(UTC) for local in openings) if opening > at), default=None)


def _covers(window: Window, local: datetime) -> bool:
    """Tell whether a window covers a time of day; one that ends before it starts goes past midnight.

    One that ends as it starts is no window: read as a whole day it would reach someone who meant none.
    """
    starts, ends = _bounds(window)
    today, yesterday, now = DAYS[local.weekday()], DAYS[local.weekday() - 1], local.time()
    if starts <= ends:
        return today in window.days and starts <= now < ends
    return (today in window.days and starts <= now) or (yesterday in window.days and now < ends)


def _openings(window: Window, local: datetime) -> list[datetime]:
    """Return when the window opens, from the day of `local` to a week after it."""
    starts, ends = _bounds(window)
    days = [local.date() + timedelta(days=offset) for offset in range(8)] if starts != ends else []
    return [datetime.combine(day, starts, local.tzinfo) for day in days if DAYS[day.weekday()] in window.days]


def _bounds(window: Window) -> tuple[time, time]:
    return time.fromisoformat(window.from_local), time.fromisoformat(window.until_local)


def _zone(channel: Channel) -> ZoneInfo | None:
    if channel.time_zone is None:
        return None
    try:
        return ZoneInfo(channel.time_zone)
    except (OSError, ValueError, LookupError):
        return None


def _channels(rows: Sequence[Any]) -> list[Channel]:
    channels = []
    for row in rows:
        try:
            channels.append(Channel.model_validate(row))
        except ValidationError:
            continue
    return channels
