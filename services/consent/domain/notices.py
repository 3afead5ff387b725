"""Who is told of a directive, and what: its terms, never a field of the survivor's.

The custodian is told everything.  A recipient is told of a grant while it is in force, and of an ending only if
something was relayed to it: it must stop using its copy, and learns nothing that it did not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, DirectiveState, Handling
from schemas.facts import ConsentExpiring, ConsentFact, ConsentGranted, ConsentNarrowed, ConsentRefused, ConsentRevoked
from schemas.taxonomy import bit, categories_of, category_mask, paths_of
from services.consent.domain.provision import DirectiveSummary, Provision, takes_away

ACKNOWLEDGE_WITHIN: Final = timedelta(hours=24)
MOST_FIELDS: Final = 50  # as many as a list of a contract holds


@dataclass(frozen=True, slots=True)
class ConsentNotice:
    """A fact for the custodian, and for the recipients in `to`."""

    fact: ConsentFact
    to: tuple[str, ...] = ()


def grant_notices(new: Provision, case_ref: UUID, at: datetime) -> ConsentNotice:
    """Tell of a directive that became active; its recipient hears of it only while it opens something."""
    directive = new.directive
    fact = ConsentGranted(
        case_ref=case_ref,
        directive_ref=new.ref,
        custodian_ref=directive.custodian,
        recipient_ref=directive.recipient,
        effect=directive.effect,
        purpose=directive.purpose,
        categories=tuple(sorted(directive.categories)),
        excepted_fields=tuple(sorted(directive.excepted_fields)),
        only_fields=tuple(sorted(directive.only_fields)),
        valid_from=directive.valid_from,
        valid_until=directive.valid_until,
        starts_when=new.starts_when,
        ends_when=new.ends_when,
        basis=directive.basis,
        survives_death=directive.survives_death,
        taxonomy_version=directive.taxonomy_version,
        version=new.version,
        supersedes_ref=new.supersedes_ref,
        adds_to_ref=new.adds_to_ref,
    )
    tell_recipient = directive.effect is DirectiveEffect.PERMIT and new.in_force(at)
    return ConsentNotice(fact, (directive.recipient,) if tell_recipient and directive.recipient is not None else ())


def refusal_notices(draft: Provision, case_ref: UUID, at: datetime) -> ConsentNotice:
    """Tell the custodian alone that the survivor said no: to a recipient it is as if nobody had asked (R38)."""
    fact = ConsentRefused(
        case_ref=case_ref,
        directive_ref=draft.ref,
        custodian_ref=draft.directive.custodian,
        recipient_ref=draft.directive.recipient,
        purpose=draft.directive.purpose,
        categories=tuple(sorted(draft.directive.categories)),
        refused_at=at,
    )
    return ConsentNotice(fact)


def narrowing_notices(new: Provision, old: Provision, case_ref: UUID, at: datetime) -> ConsentNotice | None:
    """Tell that `new` stands in place of `old`, if anything was taken away by it."""
    if not takes_away(new, old):
        return None
    directive = new.directive
    fact = ConsentNarrowed(
        case_ref=case_ref,
        directive_ref=new.ref,
        custodian_ref=directive.custodian,
        recipient_ref=directive.recipient,
        supersedes_ref=old.ref,
        narrowed_at=at,
        purpose=directive.purpose,
        categories=tuple(sorted(directive.categories)),
        excepted_fields=tuple(sorted(directive.excepted_fields)),
        only_fields=tuple(sorted(directive.only_fields)),
        valid_until=directive.valid_until,
        handling=Handling.STOP_USE,
        acknowledge_by=at + ACKNOWLEDGE_WITHIN,
    )
    return ConsentNotice(fact, (directive.recipient,) if old.relayed and directive.recipient is not None else ())


def denial_notices(
    denial: Provision, standing: Iterable[Provision], case_ref: UUID, at: datetime
) -> Iterator[ConsentNotice]:
    """Tell of what a denial takes from directives under which something was relayed: what is left, never the denial."""
    for permit in standing:
        hit = permit.permits and permit.relayed and permit.in_force(at) and _meets(denial, permit)
        if hit and permit.mask & denial.mask:
            yield _left_of(permit, permit.mask & ~denial.mask, case_ref, at)


def expiry_notices(provision: Provision, case_ref: UUID, at: datetime) -> ConsentNotice:
    """Tell the custodian alone that a directive ends soon: whether to ask the survivor is its own to judge."""
    until = provision.directive.valid_until or at
    fact = ConsentExpiring(
        case_ref=case_ref,
        directive_ref=provision.ref,
        custodian_ref=provision.directive.custodian,
        recipient_ref=provision.directive.recipient,
        valid_until=until,
        days_left=max(0, (until - at).days),
    )
    return ConsentNotice(fact)


def standing_notices(
    provision: Provision, standing: Iterable[Provision], case_ref: UUID, at: datetime
) -> ConsentNotice:
    """Tell, after the fact, how things stand with a directive of which somebody could not be told in time."""
    if provision.state is DirectiveState.REFUSED:
        return refusal_notices(provision, case_ref, provision.refused_at or at)
    if provision.state is not DirectiveState.ACTIVE:
        return revocation_notices(provision.standing(), case_ref, provision.revoked_at or at)
    if provision.directive.ended:
        return ending_notices(provision, case_ref, at)
    if not provision.permits:
        return grant_notices(provision, case_ref, at)
    lost = 0
    for other in standing:
        if not other.permits and other.in_force(at) and _meets(other, provision):
            lost |= other.mask
    return _left_of(provision, provision.mask & ~lost, case_ref, at)


def ending_notices(provision: Provision, case_ref: UUID, at: datetime) -> ConsentNotice:
    """Tell that a directive is over because what it was to end with has happened, a term its recipient knows."""
    notice = revocation_notices(provision.standing(), case_ref, provision.ended_at or at)
    return replace(notice, fact=notice.fact.model_copy(update={"condition_met": provision.ends_when}))


def revocation_notices(summary: DirectiveSummary, case_ref: UUID, at: datetime) -> ConsentNotice:
    """Tell that a directive is over; by whose decision stays with the custodian."""
    fact = ConsentRevoked(
        case_ref=case_ref,
        directive_ref=summary.ref,
        custodian_ref=summary.custodian,
        recipient_ref=summary.recipient,
        revoked_at=at,
        handling=Handling.STOP_USE,
        acknowledge_by=at + ACKNOWLEDGE_WITHIN,
    )
    tell_recipient = summary.relayed and not summary.denies and summary.recipient is not None
    return ConsentNotice(fact, (summary.recipient,) if tell_recipient and summary.recipient is not None else ())


def _meets(denial: Provision, permit: Provision) -> bool:
    denied, permitted = denial.directive, permit.directive
    sides = (denied.custodian, denied.recipient)
    return sides == (permitted.custodian, permitted.recipient) and denied.purpose in (None, permitted.purpose)


def _left_of(permit: Provision, left: int, case_ref: UUID, at: datetime) -> ConsentNotice:
    directive, lost = permit.directive, permit.mask & ~left
    categories = categories_of(left)
    excepted = _of(directive.excepted_fields | set(paths_of(lost)), categories)
    if len(excepted) > MOST_FIELDS:
        # Too much to list: a category that was cut into is then named as gone, which says less and closes more.
        categories = tuple(category for category in categories if not lost & category_mask(category))
        excepted = _of(directive.excepted_fields, categories)
    fact = ConsentNarrowed(
        case_ref=case_ref,
        directive_ref=permit.ref,
        custodian_ref=directive.custodian,
        recipient_ref=directive.recipient,
        supersedes_ref=permit.supersedes_ref or permit.ref,
        narrowed_at=at,
        purpose=directive.purpose,
        categories=tuple(sorted(categories)),
        excepted_fields=excepted,
        only_fields=_of({path for path in directive.only_fields if bit(path) & left}, categories),
        valid_until=directive.valid_until,
        handling=Handling.STOP_USE,
        acknowledge_by=at + ACKNOWLEDGE_WITHIN,
    )
    return ConsentNotice(fact, (directive.recipient,) if permit.relayed and directive.recipient is not None else ())


def _of(paths: Iterable[str], categories: Collection[DataCategory]) -> tuple[str, ...]:
    return tuple(sorted(path for path in paths if path.partition(".")[0] in categories))
