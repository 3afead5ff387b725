"""Codes as people read them: most by their own letters, those that say nothing by themselves from a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from schemas.codes import AgeBand, Bool3, EarlierIncidents, Relationship, Weekday
from services.dashboard.domain import words
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


def code_words(code: StrEnum) -> str:
    """Return the English words for a code; those of a relationship are its name, as its letters are a standard's."""
    if isinstance(code, Relationship):
        return words(code.name.lower())
    return _WORDS.get(code, words(code))


def choices_of(codes: Iterable[StrEnum], *, blank: str | None = None) -> list[tuple[str, str]]:
    """Return a field's choices, each code with its words in the reader's language; a `blank` one chooses nothing."""
    first = [] if blank is None else [("", translate(blank))]
    return first + [(str(code), translate(code_words(code))) for code in codes]
