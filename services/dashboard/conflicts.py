"""Two people at one page: what each of them wrote, field by field, and which side is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from wtforms import BooleanField, Field

from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.language import mark, translate
from services.dashboard.opened_fields import day_words

NO_WORK: Final = frozenset({"key", "etag", "step"})  # fields that nobody fills in
OVERTAKEN: Final = frozenset({412, 428})  # statuses of a change whose version is not the newest
NOTHING: Final = mark("nothing")
YES, NO = mark("Yes"), mark("No")


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that two people filled in differently, each side as people read it."""

    name: str
    label: str
    own: str
    other: str


def conflicts_between(own: DeskForm, other: DeskForm, without: Collection[str] = ()) -> tuple[FieldConflict, ...]:
    """Return the fields in which two forms of one kind differ, in the order of the page, `without` some of them."""
    names = [name for name in own.data if name not in NO_WORK and name not in without]
    return tuple(
        FieldConflict(name, _label(own[name]), field_text(own[name]), field_text(other[name]))
        for name in names
        if _content(own[name].data) != _content(other[name].data)
    )


def filled_in(form: DeskForm) -> tuple[tuple[str, str], ...]:
    """Return the label and the content of each field that somebody filled in, as people read them."""
    return tuple(
        (_label(field), field_text(field)) for field in form if field.name not in NO_WORK and _content(field.data)
    )


def field_text(field: Field) -> str:
    """Return the content of a field as people read it: choices by their labels, days as days."""
    data = field.data
    if isinstance(field, BooleanField):
        return translate(YES if data else NO)
    if not _content(data):
        return translate(NOTHING)
    if hasattr(field, "iter_choices"):
        labels = {str(value): str(label) for value, label, *_ in field.iter_choices()}
        return ", ".join(labels.get(value, value) for value in _values(data))
    if isinstance(data, datetime):
        return f"{day_words(data.date())}, {data:%H:%M}"
    return day_words(data) if isinstance(data, date) else str(data)


def _values(data: Any) -> Iterable[str]:
    return [str(value) for value in data] if isinstance(data, list | tuple) else [str(data)]


def _label(field: Field) -> str:
    return translate(str(field.label.text))


def _content(data: Any) -> Any:
    """Return what counts of a field's data: a choice by what is chosen, and nothing for any way to leave it empty."""
    if isinstance(data, list | tuple):
        return sorted(map(str, data)) or None
    if isinstance(data, str):
        return "\n".join(line.rstrip() for line in data.splitlines()) or None
    return data or None
