"""When and how a survivor may be told that there is an update, and in which words.

Unknown, unsafe, stale or "do not contact me" means that nothing is sent, and there is no fallback to a channel
that was not marked safe (domain.md section 8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from schemas.codes import ChannelKind, ChannelStatus, NoticeKind, Weekday
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
LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Send:
    """The notice may go out now, on this channel."""

    channel: Channel = field(repr=False)

    @property
    def text(self) -> str:
        """Return the fixed words in the channel's language; English where we have no other."""
        return TEXTS.get((self.channel.language or "en").split("-")[0], TEXTS["en"])


@dataclass(frozen=True, slots=True)
class Wait:
    """The notice may go out later, at the earliest at this instant."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """The notice may not go out; somebody has to ask the survivor again."""

    reason: str


Choice = Send | Wait | Hold


def choose(contact: Mapping[str, Any], kind: NoticeKind, at: datetime) -> Choice:
    """Return what the survivor's own words allow for a notice of `kind` at the instant `at`.

    `contact` is the opened safe_contact; what cannot be read there counts as not safe.
    """
    if contact.get("do_not_contact"):
        return Hold("do_not_contact")
    safe = [channel for channel in _channels(contact.get("channels", ())) if usable(channel, at)]
    if not safe:
        return Hold("no_safe_channel")
    openings = [(next_opening(channel, at), channel) for channel in safe]
    anytime = kind in contact.get("anytime_for", ())
    for opening, channel in openings:
        if anytime or opening == at:
            return Send(channel)
    later = [opening for opening, _ in openings if opening is not None]
    return Wait(min(later)) if later else Hold("no_window")


def usable(channel: Channel, at: datetime) -> bool:
    """Tell whether the channel is marked safe, still valid, and one that a notice can go out on."""
    valid = channel.valid_until is not None and at < channel.valid_until
    return channel.status is ChannelStatus.SAFE and valid and channel.kind in SENDABLE and channel.address is not None


def next_opening(channel: Channel, at: datetime) -> datetime | None:
    """Return the first instant from `at` on that lies in a window; None if none is given within a week.

    A window whose end is not after its start goes past midnight.
    """
    if channel.time_zone is None:
        return None
    try:
        zone = ZoneInfo(channel.time_zone)
    except (OSError, ValueError, LookupError):
        return None
    found = [opening for window in channel.windows for opening in _openings(window, at.astimezone(zone))]
    return min((opening.astimezone(at.tzinfo) for opening in found), default=None)


def _openings(window: Window, local: datetime) -> list[datetime]:
    """Return the openings of one window from the day before `local` to a week after it."""
    starts, ends = time.fromisoformat(window.from_local), time.fromisoformat(window.until_local)
    found = []
    for offset in range(-1, 8):
        day = local.date() + timedelta(days=offset)
        if DAYS[day.weekday()] not in window.days:
            continue
        opens = datetime.combine(day, starts, local.tzinfo)
        closes = datetime.combine(day if starts < ends else day + timedelta(days=1), ends, local.tzinfo)
        if local < closes:
            found.append(max(opens, local))
    return found


def _channels(rows: Sequence[Any]) -> list[Channel]:
    channels = []
    for row in rows:
        try:
            channels.append(Channel.model_validate(row))
        except ValidationError:
            continue
    return channels
