"""Cutting a fact plainly, field by field: what `schemas.facts.projection` is held to."""

from typing import Any

from schemas.categories import DataCategory
from schemas.facts import Fact
from schemas.values import Rename, plain


def carried(fact: Fact) -> int:
    """Return the mask of the fields that say something."""
    return sum(bit for name, bit in fact.field_bits.items() if getattr(fact, name) is not None)


def by_category(fact: Fact, mask: int, rename: Rename | None = None) -> dict[DataCategory, dict[str, Any]]:
    """Return what `mask` permits of this fact, as JSON can hold it, each reference inside passed through `rename`.

    Absent fields are left out, and so is a category of which nothing is left.
    """
    parts: dict[DataCategory, dict[str, Any]] = {}
    for name, category in fact.field_categories.items():
        value = getattr(fact, name)
        if value is not None and mask & fact.field_bits[name]:
            parts.setdefault(category, {})[name] = plain(value, rename)
    return parts
