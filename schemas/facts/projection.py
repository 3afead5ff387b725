"""Cutting one fact for several recipients: what reads alike for all of them is written once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic_core import to_json

from schemas.categories import DataCategory
from schemas.values import Rename, plain

if TYPE_CHECKING:
    from schemas.facts.fact import Fact

# Text may not hold it (`schemas.strict_json`), so that in the JSON of a fact it stands for nothing but a reference.
_PLACE: Final = "\0"
_WRITTEN: Final = to_json(_PLACE)
# A field that says something: its bit, its name, its value with each reference left open, and those references.
_FieldValue = tuple[int, str, Any, tuple[UUID, ...]]
# What of a category stands between its references, and those in their order.
_Between = tuple[list[bytes], list[UUID]]


class FactProjection:
    """A fact laid out by category, to be cut as each recipient's mask permits."""

    def __init__(self, fact: Fact) -> None:
        self._categories: list[tuple[DataCategory, int, list[_FieldValue]]] = []
        self._written: dict[tuple[DataCategory, int], _Between] = {}
        self.carried = 0  # the mask of the fields that say something
        refs: list[UUID] = []

        def leave_open(ref: UUID) -> str:
            refs.append(ref)
            return _PLACE

        values = fact.__dict__
        for category, fields in _layout(type(fact)):
            field_mask = 0
            field_values: list[_FieldValue] = []
            for name, bit in fields:
                value = values[name]
                if value is not None:
                    field_mask |= bit
                    field_values.append((bit, name, plain(value, leave_open), tuple(refs)))
                    refs.clear()
            if field_mask:
                self.carried |= field_mask
                self._categories.append((category, field_mask, field_values))

    def for_mask(self, mask: int, rename: Rename | None = None) -> dict[DataCategory, bytes]:
        """Return what `mask` permits, each category as JSON; a category of which nothing is left is left out.

        Each reference inside is passed through `rename`.
        """
        parts: dict[DataCategory, bytes] = {}
        for category, field_mask, field_values in self._categories:
            permitted = field_mask & mask
            if permitted:
                between, refs = self._written.get((category, permitted)) or self._write(
                    category, permitted, field_values
                )
                parts[category] = between[0] if len(between) == 1 else _filled(between, refs, rename or str)
        return parts

    def _write(self, category: DataCategory, permitted: int, field_values: list[_FieldValue]) -> _Between:
        left = [field_value for field_value in field_values if field_value[0] & permitted]
        between = to_json({name: plainly for _, name, plainly, _ in left}).split(_WRITTEN)
        refs = [] if len(between) == 1 else [ref for *_, those in left for ref in those]
        self._written[category, permitted] = between, refs
        return between, refs


def _filled(between: list[bytes], refs: list[UUID], rename: Rename) -> bytes:
    text = [between[0]]
    for ref, after in zip(refs, between[1:], strict=True):
        text += b'"', str(rename(ref)).encode(), b'"', after
    return b"".join(text)


@cache
def _layout(kind: type[Fact]) -> tuple[tuple[DataCategory, tuple[tuple[str, int], ...]], ...]:
    """Return the fields of each category of a contract, with their bits."""
    by_category: dict[DataCategory, list[tuple[str, int]]] = {}
    for name, category in kind.field_categories.items():
        by_category.setdefault(category, []).append((name, kind.field_bits[name]))
    return tuple((category, tuple(fields)) for category, fields in by_category.items())
