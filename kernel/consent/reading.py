"""Reading one directive: what it says in bits and instants, or that it cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from kernel.consent.terms import Directive
from schemas.codes import Basis, DirectiveEffect, Purpose
from schemas.taxonomy import categories_of, category_mask, mask_of

EMERGENCY_AT_MOST: Final = timedelta(minutes=60)


class Unreadable(ValueError):
    """A directive that contradicts itself, or uses a word that is not in our lists."""


class Grant(NamedTuple):
    """A permit, read.  In force from `valid_from`, and no longer so at `valid_until`."""

    directive_ref: UUID
    mask: int
    valid_from: datetime
    valid_until: datetime
    basis: Basis


class Denial(NamedTuple):
    """A denial, read.  It has no end: it is lifted only by being withdrawn."""

    directive_ref: UUID
    mask: int
    valid_from: datetime


def read_grant(directive: Directive) -> tuple[Purpose, Grant]:
    """Return what a permit grants and for which purpose, or raise `Unreadable`."""
    purpose, until = directive.purpose, directive.valid_until
    if directive.recipient is None or directive.excluded_person_ref is not None:
        raise Unreadable("a permit names one agency")
    if purpose is None or purpose is Purpose.EVALUATION_AGGREGATE:
        raise Unreadable("a permit names one purpose, and counting is not one")  # R14
    if until is None:
        raise Unreadable("a permit ends")  # R6
    if directive.basis is Basis.OWN_RECORD or directive.recipient == directive.custodian:
        raise Unreadable("an own record needs no permit")
    if directive.basis is Basis.EMERGENCY and purpose is not Purpose.EMERGENCY_SAFETY:
        raise Unreadable("an emergency is about safety")
    start, end = _period(directive, until)
    return purpose, Grant(directive.directive_ref, fields_named(directive), start, end, directive.basis)


def read_denial(directive: Directive) -> Denial:
    """Return what a denial takes away from its recipient, or raise `Unreadable`."""
    if directive.recipient is None or directive.excluded_person_ref is not None:
        raise Unreadable("a denial names an agency or a person")
    return Denial(directive.directive_ref, fields_named(directive), _instant(directive.valid_from))


def fields_named(directive: Directive) -> int:
    """Return the fields a directive speaks of, or raise `Unreadable`.

    A permit knows the fields its taxonomy version knew; a denial covers what came later too.
    A court order opens the fields it names and nothing else.
    """
    try:
        only, excepted = mask_of(directive.only_fields), mask_of(directive.excepted_fields)
        categories = directive.categories or frozenset(categories_of(only))
        scopes = [
            (category_mask(category, directive.taxonomy_version), category_mask(category)) for category in categories
        ]
    except KeyError:
        raise Unreadable("an unknown field or taxonomy version") from None
    permits = directive.effect is DirectiveEffect.PERMIT
    named = within = 0
    for known, now in scopes:
        fields = known if permits else now
        named |= fields & only if only & now else fields
        within |= now
    if not categories or only & ~within:
        raise Unreadable("it names nothing, or a field outside its categories")
    if permits and directive.basis is Basis.COURT_ORDER:
        named &= only  # R13
    return named & ~excepted


def _period(directive: Directive, until: datetime) -> tuple[datetime, datetime]:
    start, end = _instant(directive.valid_from), _instant(until)
    if directive.basis is Basis.EMERGENCY and end - start > EMERGENCY_AT_MOST:
        end = start + EMERGENCY_AT_MOST  # R46: minute 61 is closed, whatever the row says
    return start, start if directive.ended else end


def _instant(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise Unreadable("an instant without a time zone is not one")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Unreadable("an instant outside the calendar") from None
