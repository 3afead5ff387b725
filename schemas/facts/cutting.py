"""Cutting one fact for several recipients: what reads alike for all of them is written once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic_core import to_json

from schemas.categories import DataCategory
from schemas.values import Rename, plain

if TYPE_CHECKING:
    from schemas.facts.fact import Fact

# A field that says something: its bit, its name, its value, and the value as JSON can hold it, nothing renamed.
Said = tuple[int, str, Any, Any]


class Cutting:
    """A fact laid out by category, to be cut as each recipient's mask permits."""

    def __init__(self, fact: Fact) -> None:
        # Of each category the fields held, those of them that refer to something, and what each says.
        self._categories: list[tuple[DataCategory, int, int, list[Said]]] = []
        self._alike: dict[tuple[DataCategory, int], bytes] = {}
        self.carried = 0  # the mask of the fields that say something
        seen: list[UUID] = []

        def note(ref: UUID) -> UUID:
            seen.append(ref)
            return ref

        values = fact.__dict__
        for category, fields in _layout(type(fact)):
            held = referring = 0
            said: list[Said] = []
            for name, bit in fields:
                value = values[name]
                if value is None:
                    continue
                held |= bit
                said.append((bit, name, value, plain(value, note)))
                if seen:
                    referring |= bit
                    seen.clear()
            if held:
                self.carried |= held
                self._categories.append((category, held, referring, said))

    def parts(self, mask: int, rename: Rename | None = None) -> dict[DataCategory, bytes]:
        """Return what `mask` permits, each category as JSON; a category of which nothing is left is left out."""
        parts: dict[DataCategory, bytes] = {}
        for category, held, referring, said in self._categories:
            kept = held & mask
            if not kept:
                continue
            if rename is not None and referring & kept:
                parts[category] = to_json(
                    {
                        name: plain(value, rename) if bit & referring else plainly
                        for bit, name, value, plainly in said
                        if bit & kept
                    }
                )
                continue
            text = self._alike.get((category, kept))
            if text is None:
                text = to_json({name: plainly for bit, name, _, plainly in said if bit & kept})
                self._alike[category, kept] = text
            parts[category] = text
        return parts


@cache
def _layout(kind: type[Fact]) -> tuple[tuple[DataCategory, tuple[tuple[str, int], ...]], ...]:
    """Return the fields of each category of a contract, with their bits."""
    by_category: dict[DataCategory, list[tuple[str, int]]] = {}
    for name, category in kind.field_categories.items():
        by_category.setdefault(category, []).append((name, kind.field_bits[name]))
    return tuple((category, tuple(fields)) for category, fields in by_category.items())
