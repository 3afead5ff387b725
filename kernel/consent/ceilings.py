"""The need profile, compiled: what a kind of agency may be allowed for a purpose, as a mask."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kernel.consent.need_profile import (
    EMERGENCY,
    NEED_PROFILE,
    NOT_IN_AN_EMERGENCY,
    NOT_OF_A_SHELTER_IN_AN_EMERGENCY,
    PURPOSES,
)
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, AgencyKind, Purpose
from schemas.taxonomy import bit, category_mask

if TYPE_CHECKING:
    from kernel.consent.directive import Agency

Cells = Mapping[tuple[AgencyKind, DataCategory], str]
Carried = Mapping[Purpose, tuple[frozenset[AgencyKind], int]]


def rows_of(text: str) -> list[list[str]]:
    """Return the cells of a table, head row first."""
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().splitlines()]


def read_need_profile(text: str) -> Cells:
    """Return each cell by kind and category; refuse a table with a line missing or twice, or an unknown word."""
    head, *lines = rows_of(text)
    kinds = [AgencyKind(word) for word in head[1:]]
    if sorted(kinds) != sorted(AgencyKind) or sorted(line[0] for line in lines) != sorted(DataCategory):
        raise ValueError("the need profile must name each kind and each category once")
    return {(kind, DataCategory(line[0])): cell for line in lines for kind, cell in zip(kinds, line[1:], strict=True)}


def cell_mask(category: DataCategory, cell: str) -> int:
    """Return what one cell lets be granted."""
    if cell.startswith("f "):
        return bit(f"{category}.{cell.removeprefix('f ')}")
    if cell not in {"y", "s", "p", "c", "-"}:
        raise ValueError(f"{cell!r} is not a cell of the need profile")
    return 0 if cell == "-" else category_mask(category)


def fields_of(text: str) -> int:
    """Return the mask of a list of categories and `category.field` paths; `all but` takes the listed away."""
    if text in {"all", "none"}:
        return _every_field() if text == "all" else 0
    named = 0
    for word in text.removeprefix("all but ").split(", "):
        named |= bit(word) if "." in word else category_mask(DataCategory(word))
    return _every_field() & ~named if text.startswith("all but ") else named


def kinds_of(text: str) -> frozenset[AgencyKind]:
    """Return the kinds a list names."""
    if text == "none":
        return frozenset()
    named = frozenset(AgencyKind(word) for word in text.removeprefix("all but ").split(", "))
    return frozenset(AgencyKind) - named if text.startswith("all but ") else named


def read_purposes(text: str) -> Carried:
    """Return kinds and fields of each purpose; refuse a table that does not name each purpose once."""
    _, *lines = rows_of(text)
    if sorted(line[0] for line in lines) != sorted(Purpose):
        raise ValueError("the purposes must each be named once")
    return {Purpose(code): (kinds_of(kinds), fields_of(fields)) for code, kinds, fields in lines}


def compile_ceilings(cells: Cells, carried: Carried) -> dict[tuple[AgencyKind | None, Purpose | None], int]:
    """Return the ceiling of each kind and purpose that has one; all others are closed."""
    ceilings: dict[tuple[AgencyKind | None, Purpose | None], int] = {}
    for purpose, (kinds, fields) in carried.items():
        for kind in kinds:
            row = 0
            for category in DataCategory:
                row |= cell_mask(category, cells[kind, category])
            ceilings[kind, purpose] = row & fields
    return ceilings


def after_conflict_check(cells: Cells, carried: Carried) -> dict[Purpose, int]:
    """Return what each purpose carries only after a clear conflict check.

    Refuse a purpose that another kind shares and would need no check for: a grant names a purpose and not a kind.
    """
    waits: dict[Purpose, int] = {}
    for purpose, (kinds, fields) in carried.items():
        masks = {sum(category_mask(c) for c in DataCategory if cells[kind, c] == "c") & fields for kind in kinds} or {0}
        if len(masks) > 1:
            raise ValueError(f"{purpose} is shared by kinds of which one needs a conflict check")
        waits[purpose] = 0 if purpose is Purpose.CONFLICT_CHECK else masks.pop()
    return waits


def _every_field() -> int:
    every = 0
    for category in DataCategory:
        every |= category_mask(category)
    return every


_CELLS: Final = read_need_profile(NEED_PROFILE)
_CARRIED: Final = read_purposes(PURPOSES)
AFTER_CONFLICT_CHECK: Final[Mapping[Purpose, int]] = after_conflict_check(_CELLS, _CARRIED)
CEILINGS: Final[Mapping[tuple[AgencyKind | None, Purpose | None], int]] = compile_ceilings(_CELLS, _CARRIED)
_EMERGENCY: Final = fields_of(EMERGENCY) & ~fields_of(NOT_IN_AN_EMERGENCY)
_EMERGENCY_OF_A_SHELTER: Final = _EMERGENCY & ~fields_of(NOT_OF_A_SHELTER_IN_AN_EMERGENCY)


def ceiling(kind: AgencyKind | None, purpose: Purpose | None) -> int:
    """Return all that a release may open to `kind` for `purpose`; to an unknown kind, nothing."""
    return CEILINGS.get((kind, purpose), 0)


@lru_cache(maxsize=1024)
def reach_of(kind: AgencyKind | None, purposes: frozenset[Purpose]) -> Mapping[Purpose | None, int]:
    """Return the ceiling of each of the purposes that a kind is registered for."""
    return {purpose: ceiling(kind, purpose) for purpose in purposes}


def emergency_ceiling(custodian: Agency) -> int:
    """Return all that an emergency may open of the records of `custodian`."""
    if custodian.kind is None or AgencyFlag.CONFIDENTIALITY_BOUND in custodian.flags:
        return 0  # R46: never over the records of a bound nonprofit, nor of what may be one
    return _EMERGENCY_OF_A_SHELTER if custodian.kind is AgencyKind.SHELTER else _EMERGENCY


def needs_own_line(kind: AgencyKind, category: DataCategory) -> bool:
    """Tell whether a survivor must be asked about this category by itself, never through a preset."""
    return _CELLS[kind, category] == "s"


def purposes_of(kind: AgencyKind | None) -> frozenset[Purpose]:
    """Return the purposes for which an agency of this kind may be registered."""
    return frozenset(purpose for purpose, (kinds, _) in _CARRIED.items() if kind in kinds)
