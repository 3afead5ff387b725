"""What a form may ask for only because something meets it: a reach, a condition that a fact meets, a yes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kernel.consent import Directive, ceiling, fields_given, fields_named, needs_own_line
from schemas.codes import AgencyKind, EndsWhen, Purpose, StartsWhen
from schemas.taxonomy import category_mask

if TYPE_CHECKING:
    from services.consent.domain.draft_context import DraftContext, RequestedDirective

Errors = list[tuple[bool, str, str]]

RECORDS_ORDERS: Final = frozenset({AgencyKind.POLICE, AgencyKind.LEGAL_AID})


def out_of_reach(directive: Directive, context: DraftContext) -> Errors:
    """Return the errors of a permit that could never open what it names: it would only look like help."""
    recipient = context.agencies[directive.recipient or ""]
    reach = ceiling(recipient.kind, directive.purpose) & fields_named(directive)
    closed = [category for category in directive.categories if not reach & category_mask(category)]
    unchecked = fields_named(directive) & ~fields_given(directive)
    return [
        (bool(closed), "categories", "outside_ceiling"),
        (bool(unchecked), "starts_when", "conflict_check_first"),
    ]


def unenforced(requested: RequestedDirective, context: DraftContext) -> Errors:
    """Return what is wrong with the conditions of a permit: one that no fact meets is told and never happens.

    A referral between the two sides closes, an order that one of them recorded ends, legal aid's conflict check is
    clear.  No service records a treatment.
    """
    recipient = context.agencies[requested.recipient or ""]
    sides = {recipient.kind, context.agencies[requested.custodian].kind}
    to_a_lawyer = recipient.kind is AgencyKind.LEGAL_AID and requested.purpose is Purpose.LEGAL_REPRESENTATION
    return [
        (requested.ends_when is EndsWhen.END_OF_TREATMENT, "ends_when", "not_enforced"),
        (requested.ends_when is EndsWhen.ORDER_ENDED and not sides & RECORDS_ORDERS, "ends_when", "not_enforced"),
        (requested.starts_when is StartsWhen.CONFLICT_CLEAR and not to_a_lawyer, "starts_when", "not_enforced"),
    ]


def unasked(requested: RequestedDirective, context: DraftContext) -> Errors:
    """Return what is wrong with a list of categories: some a survivor is asked about one by one, never in a list.

    A category that stands alone in its directive was asked about by itself.
    """
    kind = context.agencies[requested.recipient or ""].kind
    listed = requested.categories if len(requested.categories) > 1 else frozenset()
    missing = [
        category
        for category in listed - requested.asked_one_by_one
        if kind is not None and needs_own_line(kind, category)
    ]
    return [
        (bool(missing), "asked_one_by_one", "needs_its_own_yes"),
        (not requested.asked_one_by_one <= requested.categories, "asked_one_by_one", "not_among_categories"),
    ]
