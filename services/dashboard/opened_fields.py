"""What was opened of a message, as people read it: a section a category, with the permitted fields and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from schemas import codes
from schemas.categories import DataCategory
from schemas.codes import PcoCode
from services.dashboard.code_words import code_words, service_words, words
from services.dashboard.field_labels import field_label
from services.dashboard.language import language_now, mark, translate
from services.dashboard.local_clock import LocalClock

REFERENCE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)")
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
AGENCY: Final = ("agency_ref", "custodian", "recipient")
QUIET: Final = frozenset({"version", "taxonomy_version", "time_zone", "court_time_zone", "cji_fields"})  # for programs
# What a part is called, without a label.
LEADS: Final = ("given_name", "family_name", "name", "label", "item", "pco_code")
YES, NO = mark("Yes"), mark("No")
HOURS: Final = mark("%(start)s to %(end)s")
TERMS: Final = mark("Release")

# Every code of the contracts: shown in words, where free text is shown as it was typed.
CODES: Final[Mapping[str, str]] = {
    str(code): code_words(code)
    for listed in (*vars(codes).values(), DataCategory)
    if isinstance(listed, type) and issubclass(listed, StrEnum)
    for code in listed
    if not code.isdecimal()  # a number may be anything
}
CONDITIONS: Final[Mapping[str, str]] = {str(code): code_words(code) for code in PcoCode}


@dataclass(frozen=True, slots=True)
class OpenedField:
    """One field: its label, and a line for each value."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedSection:
    """One category, with what of it may be seen."""

    title: str
    fields: tuple[OpenedField, ...]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Puts values into words: instants by the agency's clock, agencies by name; references are left out."""

    clock: LocalClock
    agencies: Mapping[str, str]

    def sections(self, categories: Mapping[str, Mapping[str, Any]]) -> tuple[OpenedSection, ...]:
        """Return a section for each category that has something to show."""
        read = [OpenedSection(translate(words(name)), self._fields(fields)) for name, fields in categories.items()]
        return tuple(section for section in read if section.fields)

    def fields(self, categories: Mapping[str, Mapping[str, Any]]) -> tuple[OpenedField, ...]:
        """Return what all the categories show, without their titles."""
        return tuple(field for values in categories.values() for field in self._fields(values))

    def _fields(self, values: Mapping[str, Any]) -> tuple[OpenedField, ...]:
        read = [
            OpenedField(field_label(name), tuple(self._lines(name, value)))
            for name, value in values.items()
            if name not in QUIET
        ]
        return tuple(field for field in read if field.lines)

    def _lines(self, name: str, value: Any) -> Iterator[str]:
        if isinstance(value, list | tuple):
            for item in value:
                yield from self._lines(name, item)
        elif isinstance(value, Mapping):
            yield from self._channel(value) if name == "channels" else self._part(value)
        elif not (isinstance(value, str) and REFERENCE.fullmatch(value)):
            yield self._word(name, value)

    def _part(self, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield one line: what the part is called, and then whatever else it says."""
        lead = " ".join(self._word(name, values[name]) for name in LEADS if values.get(name))
        rest = self._fields({name: value for name, value in values.items() if name not in LEADS})
        parts = [lead] * bool(lead) + [f"{field.label}: {', '.join(field.lines)}" for field in rest]
        if parts:
            yield "; ".join(parts)

    def _channel(self, channel: Mapping[str, Any]) -> Iterator[str]:
        """Yield a way to reach her, line by line: what, whether it is safe, when, and the rest."""
        what = ": ".join(self._word(name, channel[name]) for name in ("kind", "address") if channel.get(name))
        safe = self._word("status", channel["status"]) if channel.get("status") else ""
        yield f"{what} ({safe})" if safe else what
        yield from (self._window(window, channel.get("time_zone")) for window in channel.get("windows") or ())
        headline = ("kind", "address", "status", "windows")
        for field in self._fields({name: value for name, value in channel.items() if name not in headline}):
            yield f"{field.label}: {', '.join(field.lines)}"

    def _window(self, window: Mapping[str, Any], zone: str | None) -> str:
        days = ", ".join(self._word("days", day) for day in window.get("days") or ())
        hours = {"start": window.get("from_local", ""), "end": window.get("until_local", "")}
        text = f"{days}, {translate(HOURS) % hours}" if days else translate(HOURS) % hours
        return f"{text} ({zone})" if zone and zone != str(self.clock.zone) else text

    def _word(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return translate(YES if value else NO)
        if not isinstance(value, str):
            return str(value)
        if name.endswith(AGENCY):
            return self.agencies.get(value, value)
        if INSTANT.fullmatch(value):
            return self.clock.full(datetime.fromisoformat(value))
        if DAY.fullmatch(value):
            return day_words(date.fromisoformat(value))
        return _code_word(name, value)


def _code_word(name: str, value: str) -> str:
    if name.endswith("language"):
        return _language_words(value)
    if name == "pco_code":
        return translate(CONDITIONS.get(value, value))
    if name == "service_status":
        return translate(service_words(value))
    if name == "categories":
        return translate(words(value))
    return translate(CODES[value]) if value in CODES else value


def _language_words(tag: str) -> str:
    """Return a language by its name in the reader's language; free text stays as it was typed."""
    if not tag[:1].islower():
        return tag
    try:
        name = Locale.parse(tag, sep="-").get_display_name(language_now())
    except (UnknownLocaleError, ValueError):
        return tag
    return name[:1].upper() + name[1:] if name else tag


def day_words(day: date) -> str:
    """Return a day as people write it: "3 Dec 2026"."""
    return format_date(day, "d MMM y", locale=language_now())


def agencies_in(values: Any) -> Iterator[str]:
    """Yield the ids of the agencies that opened values name."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            if name.endswith(AGENCY) and isinstance(value, str):
                yield value
            else:
                yield from agencies_in(value)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from agencies_in(value)
