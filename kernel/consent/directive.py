"""What a decision is made of: who the agencies are, and what the survivor said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from kernel.consent.ceilings import reach_of
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, AgencyKind, Basis, DirectiveEffect, DirectiveState, Purpose

Flow = tuple[str, str, Purpose | None]  # custodian, recipient, purpose: a release runs one way (R10)


@lru_cache(maxsize=1 << 16)
def key_of(custodian: str, recipient: str, purpose: Purpose | None) -> str:
    """Return a way as text, each way as another one.

    A text is hashed once and this is the same one each time, so that a line is found without comparing anything.
    """
    return repr((custodian, recipient, purpose and purpose.value))


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency as the register knows it; a kind that is not in our list is None and may see nothing.

    `reach` is the most that a release may open to it, for each purpose that it is registered for.
    """

    agency_id: str
    kind: AgencyKind | None
    flags: frozenset[AgencyFlag]
    purposes: frozenset[Purpose]
    reach: Mapping[Purpose | None, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", reach_of(self.kind, self.purposes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One provision of a release of information: it permits or denies, and never both.

    A permit names one recipient, one purpose and its end.  `only_fields` narrows the category a
    field belongs to; a category of which no field is named there is meant whole.
    """

    directive_ref: UUID
    effect: DirectiveEffect
    custodian: str
    recipient: str | None  # None only where a denial names a person instead
    purpose: Purpose | None  # None only on a denial: every purpose
    categories: frozenset[DataCategory]
    excepted_fields: frozenset[str] = frozenset()
    only_fields: frozenset[str] = frozenset()
    excluded_person_ref: str | None = None
    excluded_agency: str | None = None  # where that person works; None, and it may be anywhere
    valid_from: datetime
    valid_until: datetime | None
    state: DirectiveState
    basis: Basis
    taxonomy_version: int
    started: bool = True  # what it waits for has happened, or it waits for nothing
    ended: bool = False  # what ends it early has happened
    survives_death: bool = False
    after_conflict_check: bool = False  # what it waits for, or waited for, is a clear conflict check
