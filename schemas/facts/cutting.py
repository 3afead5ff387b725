"""Cutting one fact for several recipients: what reads alike for all of them is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from schemas.categories import DataCategory
from schemas.values import Rename, plain

if TYPE_CHECKING:
    from schemas.facts.fact import Fact


class Said(NamedTuple):
    """One field that says something."""

    bit: int
    name: str
    value: Any
    plainly: Any  # as JSON can hold it, its references not renamed
    refers: bool  # it holds a reference, which every recipient knows by another name


class Cutting:
    """A fact laid out by category, to be cut as each recipient's mask permits."""

    def __init__(self, fact: Fact) -> None:
        self._by_category: dict[DataCategory, tuple[int, list[Said]]] = {}
        self._written: dict[tuple[DataCategory, int], bytes] = {}
        self.carried = 0  # the mask of the fields that say something
        seen: list[UUID] = []

        def note(ref: UUID) -> UUID:
            seen.append(ref)
            return ref

        held_by, bits = fact.__dict__, fact.field_bits
        for name, category in fact.field_categories.items():
            value = held_by[name]
            if value is None:
                continue
            bit = bits[name]
            seen.clear()
            said = Said(bit, name, value, plain(value, note), bool(seen))
            held, fields = self._by_category.get(category, (0, []))
            fields.append(said)
            self._by_category[category] = held | bit, fields
            self.carried |= bit

    def parts(self, mask: int, rename: Rename | None = None) -> dict[DataCategory, bytes]:
        """Return what `mask` permits, each category as JSON; a category of which nothing is left is left out."""
        parts: dict[DataCategory, bytes] = {}
        for category, (held, fields) in self._by_category.items():
            kept = held & mask
            if not kept:
                continue
            if rename is not None and any(said.refers and said.bit & kept for said in fields):
                parts[category] = _written(kept, fields, rename)
                continue
            text = self._written.get((category, kept))
            if text is None:
                text = self._written[category, kept] = _written(kept, fields, None)
            parts[category] = text
        return parts


def _written(kept: int, fields: list[Said], rename: Rename | None) -> bytes:
    permitted = [said for said in fields if said.bit & kept]
    if rename is None:
        return to_json({said.name: said.plainly for said in permitted})
    return to_json({said.name: plain(said.value, rename) if said.refers else said.plainly for said in permitted})
