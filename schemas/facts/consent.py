"""A directive was granted, refused, narrowed or revoked, or nears its end.

These carry terms, nothing of the survivor.  Which of them goes to whom, beyond
the custodian, is the consent service's rule.
"""

from typing import ClassVar, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.categories import DataCategory, Terms
from schemas.codes import (
    Basis,
    DirectiveEffect,
    EndsWhen,
    Handling,
    Purpose,
    Redisclosure,
    RevokedBy,
    StartsWhen,
)
from schemas.facts.fact import DirectiveFact
from schemas.values import AgencyRef, Count, FieldPath, Flag, Instant, Items, Ref, Slug, Version


class ConsentFact(DirectiveFact):
    """Which directive it is, and between whom; a person's deny of one person names no recipient."""

    custodian_ref: Terms[AgencyRef]
    recipient_ref: Terms[AgencyRef | None] = None


class DirectiveTerms(ConsentFact):
    """What the directive says."""

    effect: Terms[DirectiveEffect]
    purpose: Terms[Purpose | None] = None
    categories: Terms[Items[DataCategory]] = ()
    excepted_fields: Terms[Items[FieldPath]] = ()
    only_fields: Terms[Items[FieldPath]] = ()
    valid_from: Terms[Instant]
    valid_until: Terms[Instant | None] = None
    starts_when: Terms[StartsWhen | None] = None
    ends_when: Terms[EndsWhen | None] = None
    basis: Terms[Basis]
    profile: Terms[Slug | None] = None
    redisclosure: Terms[Redisclosure] = Redisclosure.PROHIBITED
    survives_death: Terms[Flag] = False
    taxonomy_version: Terms[Version]
    version: Terms[Version] = 1
    supersedes_ref: Terms[Ref | None] = None
    adds_to_ref: Terms[Ref | None] = None

    @model_validator(mode="after")
    def _say_what_a_permit_must(self) -> Self:
        if self.purpose is Purpose.EVALUATION_AGGREGATE:
            raise PydanticCustomError("purpose_counts_only", "no directive may name this purpose")
        if self.effect is DirectiveEffect.PERMIT:
            # laws R6 and R9: one recipient, one purpose, an end; nothing a reader would have to assume.
            for name in ("recipient_ref", "purpose", "valid_until"):
                if getattr(self, name) is None:
                    raise PydanticCustomError(f"{name}_missing", "a permit names its recipient, purpose and end")
        return self


class ConsentGranted(DirectiveTerms):
    """The survivor's word is in force, or will be from `valid_from`."""

    type: ClassVar[str] = "accord.consent.granted.v1"


class ConsentRefused(ConsentFact):
    """The survivor said no; the custodian alone is told, and no recipient can tell it from not asked."""

    type: ClassVar[str] = "accord.consent.refused.v1"

    purpose: Terms[Purpose | None] = None
    categories: Terms[Items[DataCategory]] = ()
    refused_at: Terms[Instant]


class EndingFact(ConsentFact):
    """What a recipient must do with its copy, and by when it must say that it has."""

    handling: Terms[Handling]
    acknowledge_by: Terms[Instant | None] = None


class ConsentNarrowed(EndingFact):
    """The directive `supersedes_ref` gave way to a narrower one."""

    type: ClassVar[str] = "accord.consent.narrowed.v1"

    supersedes_ref: Terms[Ref]
    narrowed_at: Terms[Instant]
    purpose: Terms[Purpose | None] = None
    categories: Terms[Items[DataCategory]] = ()
    excepted_fields: Terms[Items[FieldPath]] = ()
    only_fields: Terms[Items[FieldPath]] = ()
    valid_until: Terms[Instant | None] = None


class ConsentRevoked(EndingFact):
    """The directive is over, from this instant."""

    type: ClassVar[str] = "accord.consent.revoked.v1"

    revoked_at: Terms[Instant]
    condition_met: Terms[EndsWhen | None] = None  # what it was to end with has happened; nobody stopped it
    revoked_by: Terms[RevokedBy | None] = None


class ConsentExpiring(ConsentFact):
    """The directive ends soon; the custodian alone is told."""

    type: ClassVar[str] = "accord.consent.expiring.v1"

    valid_until: Terms[Instant]
    days_left: Terms[Count | None] = None
