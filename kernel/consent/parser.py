"""Reading one directive: what it says in bits and instants, or that it cannot be read."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from kernel.consent.ceilings import AFTER_CONFLICT_CHECK
from kernel.consent.directive import Directive, Flow
from schemas.categories import DataCategory
from schemas.codes import Basis, DirectiveEffect, Purpose
from schemas.taxonomy import categories_of, category_mask, mask_of

EMERGENCY_AT_MOST: Final = timedelta(minutes=60)


class UnreadableDirective(ValueError):
    """A directive that contradicts itself, or uses a word that is not in our lists."""


@dataclass(slots=True)  # final, not frozen, as `kernel.consent.table.Line` is
class Grant:
    """A permit, read.  In force from `valid_from`, and no longer so at `valid_until`."""

    directive_ref: Final[UUID]
    mask: Final[int]
    valid_from: Final[datetime]
    valid_until: Final[datetime]
    basis: Final[Basis]


class Denial(NamedTuple):
    """A denial, read.  It has no end: it is lifted only by being withdrawn."""

    directive_ref: UUID
    mask: int
    valid_from: datetime


def read_grant(directive: Directive) -> tuple[Flow, Grant]:
    """Return what a permit grants, to whom and for which purpose, or raise `UnreadableDirective`."""
    recipient, purpose, until, basis = directive.recipient, directive.purpose, directive.valid_until, directive.basis
    if recipient is None or directive.excluded_person_ref is not None:
        raise UnreadableDirective("a permit names one agency")
    if purpose is None or purpose is Purpose.EVALUATION_AGGREGATE:
        raise UnreadableDirective("a permit names one purpose, and counting is not one")  # R14
    if until is None:
        raise UnreadableDirective("a permit ends")  # R6
    if basis is Basis.OWN_RECORD or recipient == directive.custodian:
        raise UnreadableDirective("an own record needs no permit")
    if basis is Basis.EMERGENCY and purpose is not Purpose.EMERGENCY_SAFETY:
        raise UnreadableDirective("an emergency is about safety")
    start, end = _period(directive, until)
    grant = Grant(directive.directive_ref, fields_given(directive), start, end, basis)
    return (directive.custodian, recipient, purpose), grant


def read_denial(directive: Directive) -> Denial:
    """Return what a denial takes away from its recipient, or raise `UnreadableDirective`."""
    if directive.recipient is None or directive.excluded_person_ref is not None:
        raise UnreadableDirective("a denial names an agency or a person")
    return Denial(directive.directive_ref, fields_named(directive), _instant(directive.valid_from))


def fields_given(directive: Directive) -> int:
    """Return the fields that a directive can open or close, or raise `UnreadableDirective`.

    Of a release those that wait for a conflict check are given only by one that starts when it is clear, whatever the
    directive names.
    """
    named, purpose = fields_named(directive), directive.purpose
    checked = directive.after_conflict_check or directive.basis is Basis.COURT_ORDER
    if purpose is None or checked or directive.effect is not DirectiveEffect.PERMIT:
        return named
    return named & ~AFTER_CONFLICT_CHECK[purpose]


def fields_named(directive: Directive) -> int:
    """Return the fields a directive speaks of, or raise `UnreadableDirective`.

    A permit knows the fields its taxonomy version knew; a denial covers what came later too.
    A court order opens the fields it names and nothing else.
    """
    permits = directive.effect is DirectiveEffect.PERMIT
    return _fields(
        directive.categories,
        directive.only_fields,
        directive.excepted_fields,
        directive.taxonomy_version,
        permits,
        permits and directive.basis is Basis.COURT_ORDER,
    )


# Survivors choose among a few forms: what a form comes to is the same for each of them, and is read once.
@lru_cache(maxsize=4096)
def _fields(
    named_categories: frozenset[DataCategory],
    only_fields: frozenset[str],
    excepted_fields: frozenset[str],
    taxonomy_version: int,
    permits: bool,
    only_by_name: bool,
) -> int:
    try:
        only, excepted = mask_of(only_fields), mask_of(excepted_fields)
        categories = named_categories or frozenset(categories_of(only))
        scopes = [(category_mask(category, taxonomy_version), category_mask(category)) for category in categories]
    except KeyError:
        raise UnreadableDirective("an unknown field or taxonomy version") from None
    named = within = 0
    for at_signing, now in scopes:
        fields = at_signing if permits else now
        named |= fields & only if only & now else fields
        within |= now
    if not categories or only & ~within:
        raise UnreadableDirective("it names nothing, or a field outside its categories")
    if only_by_name:
        named &= only  # R13
    return named & ~excepted


def _period(directive: Directive, until: datetime) -> tuple[datetime, datetime]:
    start, end = directive.valid_from, until
    if start.tzinfo is not UTC or end.tzinfo is not UTC:
        start, end = _instant(start), _instant(end)
    if directive.basis is Basis.EMERGENCY and end - start > EMERGENCY_AT_MOST:
        end = start + EMERGENCY_AT_MOST  # R46: minute 61 is closed, whatever the row says
    return start, start if directive.ended else end


def _instant(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise UnreadableDirective("an instant without a time zone is not one")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise UnreadableDirective("an instant outside the calendar") from None
