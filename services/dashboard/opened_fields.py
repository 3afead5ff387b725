"""What was opened of a message, as people read it: a section a category, with the permitted fields and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from schemas import codes
from schemas.categories import DataCategory
from services.dashboard.code_words import code_words
from services.dashboard.domain import words
from services.dashboard.field_labels import field_label
from services.dashboard.language import mark, translate
from services.dashboard.local_clock import LocalClock

REFERENCE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)")
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
AGENCY: Final = "agency_ref"
YES, NO = mark("Yes"), mark("No")
TERMS: Final = mark("Release")

# Every code of the contracts: shown in words, where free text is shown as it was typed.
CODES: Final[Mapping[str, str]] = {
    str(code): code_words(code)
    for listed in (*vars(codes).values(), DataCategory)
    if isinstance(listed, type) and issubclass(listed, StrEnum)
    for code in listed
}


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
        read = [OpenedSection(translate(words(name)), self.fields(fields)) for name, fields in categories.items()]
        return tuple(section for section in read if section.fields)

    def fields(self, values: Mapping[str, Any]) -> tuple[OpenedField, ...]:
        """Return each field that has something to show."""
        read = [OpenedField(field_label(name), tuple(self._lines(name, value))) for name, value in values.items()]
        return tuple(field for field in read if field.lines)

    def _lines(self, name: str, value: Any) -> Iterator[str]:
        if isinstance(value, list | tuple):
            for item in value:
                yield from self._lines(name, item)
        elif isinstance(value, Mapping):
            parts = [f"{field.label}: {', '.join(field.lines)}" for field in self.fields(value)]
            if parts:
                yield "; ".join(parts)
        elif not (isinstance(value, str) and REFERENCE.fullmatch(value)):
            yield self._word(name, value)

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
        return translate(CODES[value]) if value in CODES else value


def day_words(day: date) -> str:
    """Return a day as people write it: "3 Dec 2026"."""
    return f"{day.day} {day:%b %Y}"


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
