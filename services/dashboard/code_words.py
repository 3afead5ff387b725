"""Codes as people read them: most by their own letters, those that say nothing by themselves from a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from schemas.codes import (
    AgeBand,
    Bool3,
    ChannelKind,
    EarlierIncidents,
    ElapsedBand,
    PcoCode,
    Priority,
    ReferralState,
    Relationship,
    ServiceStatus,
    ViolenceType,
    Weekday,
)
from services.dashboard.language import mark, translate

_WORDS: Final[Mapping[StrEnum, str]] = {
    AgeBand.UNDER_12: mark("Under 12"),
    AgeBand.FROM_12_TO_17: mark("12 to 17"),
    AgeBand.FROM_18_TO_24: mark("18 to 24"),
    AgeBand.FROM_25_TO_59: mark("25 to 59"),
    AgeBand.FROM_60: mark("60 or older"),
    EarlierIncidents.TWO_TO_FOUR: mark("Two to four"),
    EarlierIncidents.FIVE_OR_MORE: mark("Five or more"),
    Bool3.UNKNOWN: mark("Not known"),
    Weekday.MONDAY: mark("Monday"),
    Weekday.TUESDAY: mark("Tuesday"),
    Weekday.WEDNESDAY: mark("Wednesday"),
    Weekday.THURSDAY: mark("Thursday"),
    Weekday.FRIDAY: mark("Friday"),
    Weekday.SATURDAY: mark("Saturday"),
    Weekday.SUNDAY: mark("Sunday"),
}
# Codes whose own letters say little, wherever they stand.
_PLAIN: Final[Mapping[str, str]] = {
    ChannelKind.VOICE: mark("Telephone"),
    ChannelKind.SMS: mark("Text message"),
    ElapsedBand.DAYS_0_TO_3: mark("Up to 3 days"),
    ElapsedBand.DAYS_4_TO_5: mark("4 to 5 days"),
    ElapsedBand.DAYS_6_TO_14: mark("6 to 14 days"),
    ElapsedBand.DAYS_15_TO_30: mark("15 to 30 days"),
    ReferralState.NEEDS_INFO: mark("Asked for more"),
    ViolenceType.PSYCHOLOGICAL_EMOTIONAL_ABUSE: mark("Psychological or emotional abuse"),
}
# Those that mean this of a referral or of an order alone.
_PRIORITIES: Final[Mapping[str, str]] = {Priority.DAY: mark("Within a day")}
_SERVICE: Final[Mapping[str, str]] = {
    ServiceStatus.PENDING: mark("Not served yet"),
    ServiceStatus.IN_HAND: mark("An officer has it"),
    ServiceStatus.SERVED: mark("Served"),
    ServiceStatus.FAILED: mark("Could not be served"),
}
NOT_ISSUED: Final = mark("Not issued yet")
_FACTS: Final[Mapping[str, str]] = {
    "referral.info_requested": mark("More asked about a referral"),
    "referral.contact_failed": mark("Referral: she was not reached"),
}


def words(code: str | None) -> str:
    """Return a code as people read it."""
    return "" if code is None else _PLAIN.get(code) or code.replace("_", " ").capitalize()


def priority_words(code: str | None) -> str:
    """Return how soon a referral is to be answered, as people read it."""
    return _PRIORITIES.get(code or "") or words(code)


def service_words(code: str | None) -> str:
    """Return how far the service of an order has come, as people read it."""
    return _SERVICE.get(code or "", NOT_ISSUED)


def fact_words(type_name: str) -> str:
    """Return a fact's type in words: `accord.referral.accepted.v1` is "Referral accepted"."""
    parts = type_name.split(".")
    if len(parts) != 4 or parts[0] != "accord":
        return "Message"
    return _FACTS.get(f"{parts[1]}.{parts[2]}") or words(f"{parts[1]} {parts[2]}")


def code_words(code: StrEnum) -> str:
    """Return the English words for a code: its name, where its letters are a standard's."""
    if isinstance(code, Relationship | PcoCode):
        return words(code.name.lower())
    return _WORDS.get(code, words(code))


def choices_of(codes: Iterable[StrEnum], *, blank: str | None = None) -> list[tuple[str, str]]:
    """Return a field's choices, each code with its words in the reader's language; a `blank` one chooses nothing."""
    first = [] if blank is None else [("", translate(blank))]
    return first + [(str(code), translate(code_words(code))) for code in codes]
