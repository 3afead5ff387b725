"""What is said, and in what circumstances: all that the rules of consent judge by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.consent import Agency
from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, EndsWhen, Purpose, StartsWhen
from services.consent.domain.authority import Side, sides_of
from services.consent.domain.provision import Provision


@dataclass(frozen=True, slots=True)
class JurisdictionProfile:
    """What a jurisdiction asks of a release: a record, not code (R34)."""

    max_days: int
    default_days: int | None = None  # what a release without an end gets; None: it gets refused (R6)
    minor_alone: bool = False  # R12: a minor who may receive the service alone signs alone
    alone_after_hours: int | None = None  # a shift of one: a pause may stand in for the second person


STRICTEST = JurisdictionProfile(max_days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedDirective:
    """What a survivor wants permitted or denied, before anybody has judged it."""

    effect: DirectiveEffect
    custodian: str
    recipient: str | None = None
    purpose: Purpose | None = None
    categories: frozenset[DataCategory] = frozenset()
    excepted_fields: frozenset[str] = frozenset()
    only_fields: frozenset[str] = frozenset()
    excluded_person_ref: str | None = None
    excluded_agency: str | None = None  # where that person works
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    starts_when: StartsWhen | None = None
    ends_when: EndsWhen | None = None
    survives_death: bool = False
    asked_one_by_one: frozenset[DataCategory] = frozenset()
    supersedes_ref: UUID | None = None
    adds_to_ref: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftContext:
    """In what circumstances it is said: by whom, about which agencies, and what stands already."""

    at: datetime
    by_agency: str
    by_actor: str
    by_person: str | None  # None: the agency's system
    home_agency: str
    participation: str
    agencies: Mapping[str, Agency]  # the active ones among those named
    explainers: Collection[str]  # of the persons named, the custodian's own from whom the survivor does not hide
    profile: JurisdictionProfile  # of the custodian
    standing: tuple[Provision, ...]  # every provision of this subject that can be read
    texts: Mapping[tuple[str, str], str]  # SHA-256 by language and version
    deceased: bool = False
    stops: Mapping[str, datetime] = field(default_factory=dict)  # by which agency everything was last stopped, and when

    def sides(self, custodian: str, recipient: str | None) -> frozenset[Side]:
        """Return what the agency that asks is to a directive between these."""
        return sides_of(self.by_agency, custodian=custodian, recipient=recipient, home=self.home_agency)

    @property
    def is_home(self) -> bool:
        """Tell whether the agency that asks may know whether the survivor takes part, and whether she died."""
        return self.by_agency == self.home_agency

    def text_hash(self, language: str, version: str) -> str | None:
        """Return the hash of the text of this version in this language, if need be without its region; or None."""
        tag = language.lower()
        return self.texts.get((tag, version)) or self.texts.get((tag.partition("-")[0], version))
