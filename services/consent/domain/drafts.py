"""From what a survivor says to a directive: a draft, a denial at once, or a narrowing at once.

Opening anything takes a signature.  Closing anything takes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.consent import Directive, UnreadableDirective, fields_named
from schemas.codes import Basis, DirectiveEffect, DirectiveState, Participation, Purpose, StartsWhen
from schemas.taxonomy import FIELDS, TAXONOMY_VERSION
from services.consent.domain.authority import Step, permitted
from services.consent.domain.draft_context import DraftContext, JurisdictionProfile, RequestedDirective
from services.consent.domain.enforced import out_of_reach, unasked, unenforced
from services.consent.domain.persons import person_errors
from services.consent.domain.provision import Provision, is_narrower, latest, same_way, unlabelled
from services.consent.domain.refusal import DirectiveStepNotPossible, NotAcceptable

Errors = list[tuple[bool, str, str]]  # whether it is wrong, where, and its code

MOST_STANDING: Final = 200  # directives and drafts of one agency about one survivor
STANDS: Final = frozenset({DirectiveState.DRAFT, DirectiveState.AWAITING_CONFIRMATION, DirectiveState.ACTIVE})


def draft(requested: RequestedDirective, context: DraftContext, ref: UUID) -> Provision:
    """Return the provision that `requested` makes: a denial or a narrowing is active at once, all else is a draft.

    Raises `NotAcceptable` for what can never be a directive, `DirectiveStepNotPossible` for what cannot be one now.
    """
    if requested.effect is DirectiveEffect.DENY:
        return _denial(requested, context, ref)
    _check_way(requested, context)
    refuse_if(unenforced(requested, context))
    if requested.supersedes_ref is not None:
        return _in_place_of(requested, context, ref)
    return _permit(requested, context, ref)


def _check_room(context: DraftContext) -> None:
    """Refuse more than one agency may have standing of one survivor: whoever changes consent reads them all (M7)."""
    standing = sum(
        provision.drafting_agency == context.by_agency and provision.state in STANDS for provision in context.standing
    )
    if standing >= MOST_STANDING:
        raise DirectiveStepNotPossible("too_many_directives")


def _denial(requested: RequestedDirective, context: DraftContext, ref: UUID) -> Provision:
    """Return a denial, in force at once and without an end."""
    named = requested.recipient, requested.excluded_person_ref
    step = Step.DENY if requested.excluded_person_ref is None else Step.EXCLUDE
    errors = [
        (requested.custodian not in context.agencies, "custodian", "unknown_agency"),
        (not _may(step, requested, context), "custodian", "not_yours"),
        (named.count(None) != 1, "recipient", "one_agency_or_one_person"),
        (
            requested.recipient is not None and requested.recipient not in context.agencies,
            "recipient",
            "unknown_agency",
        ),
        (requested.recipient == requested.custodian, "recipient", "own_record"),
        *person_errors(requested.excluded_person_ref, requested.excluded_agency, context.agencies),
        (requested.valid_until is not None or requested.ends_when is not None, "valid_until", "a_denial_has_no_end"),
        (
            requested.valid_from is not None or requested.starts_when is not None,
            "valid_from",
            "a_denial_starts_at_once",
        ),
        (
            requested.supersedes_ref is not None or requested.adds_to_ref is not None,
            "supersedes_ref",
            "a_denial_stands_alone",
        ),
    ]
    refuse_if(errors)
    if context.by_agency != context.home_agency:  # what she denies where her case was opened is never turned away
        _check_room(context)
    provision = _provision(requested, context, ref, DirectiveState.ACTIVE)
    if requested.recipient is not None:
        _check_fields(provision.directive)
    return provision


def _permit(requested: RequestedDirective, context: DraftContext, ref: UUID) -> Provision:
    """Return a draft permit that could be signed as things stand."""
    if context.is_home:
        check_takes_part(context)  # another agency is answered alike whatever she chose
    _check_room(context)
    _check_purpose(requested, context)
    provision = _provision(requested, context, ref, DirectiveState.DRAFT)
    _check_fields(provision.directive)
    refuse_if([*out_of_reach(provision.directive, context), *unasked(requested, context)])
    check_period(provision.directive, context.profile, context.at)
    _check_added_to(provision, context)
    refuse_overlap(provision, context)
    return provision


def _in_place_of(requested: RequestedDirective, context: DraftContext, ref: UUID) -> Provision:
    """Return what takes the place of another: at once if it only closes, else a draft that waits for a signature."""
    old = latest(requested.supersedes_ref, context.standing)
    if old is None:
        raise NotAcceptable(("supersedes_ref", "unknown_directive"))
    requested = replace(requested, supersedes_ref=old.ref)
    if old.state_at(context.at) is not DirectiveState.ACTIVE:
        raise DirectiveStepNotPossible("superseded_not_active")
    provision = narrowed(requested, old, context, ref)
    if not same_way(provision, old):
        raise NotAcceptable(("supersedes_ref", "not_the_same_way"))
    _check_fields(provision.directive)
    if is_narrower(provision, old) and requested.adds_to_ref is None:
        return provision
    return _permit(requested, context, ref)


def narrowed(requested: RequestedDirective, old: Provision, context: DraftContext, ref: UUID) -> Provision:
    """Return the provision that would stand at once in place of `old` on the strength of its signature.

    It speaks the words of the old one's time, so that a category has not grown in between.
    """
    provision = _provision(requested, context, ref, DirectiveState.ACTIVE)
    starts_when = requested.starts_when or old.starts_when
    same_start = starts_when is old.starts_when
    directive = replace(
        provision.directive,
        valid_from=max(provision.directive.valid_from, old.directive.valid_from),
        valid_until=requested.valid_until or old.directive.valid_until,
        taxonomy_version=old.directive.taxonomy_version,
        after_conflict_check=starts_when is StartsWhen.CONFLICT_CLEAR,
        started=same_start and old.directive.started,
    )
    return replace(
        provision,
        directive=directive,
        starts_when=starts_when,
        started_at=old.started_at if same_start else None,
        ends_when=requested.ends_when or old.ends_when,
        evidence=dict(old.evidence or {}) | {"narrowed_from": str(old.ref)},
        signed_at=old.signed_at,
        # Copies made under the old one are still out there: their holder must be told when this one ends.
        relayed=old.relayed,
    )


def refuse_if(errors: Errors) -> None:
    """Raise `NotAcceptable` for every line that is true."""
    refusals = [(place, code) for wrong, place, code in errors if wrong]
    if refusals:
        raise NotAcceptable(*refusals)


def check_period(directive: Directive, profile: JurisdictionProfile, at: datetime) -> None:
    """Refuse a permit without an end, one that is over before it begins, and one of more days than allowed.

    The signature cuts the end to the very day (`signing.sign`): counted here is what somebody meant to write.
    """
    until = directive.valid_until
    if until is None:
        if profile.default_days is None:
            raise NotAcceptable(("valid_until", "missing"))  # R6
        return
    refuse_if(
        [
            (until <= directive.valid_from, "valid_until", "already_over"),
            ((until - at).days > profile.max_days, "valid_until", "too_long"),
        ]
    )


def refuse_overlap(new: Provision, context: DraftContext) -> None:
    """Refuse a permit that overlaps another without saying how it relates to it (R37)."""
    if unlabelled(new, context.standing, context.at):
        raise DirectiveStepNotPossible("overlaps_another")


def check_takes_part(context: DraftContext) -> None:
    """Refuse a permit of whoever takes no part or has died (R16, R20).

    Any other than the home agency reads one code, whether she was not asked, said no or died: it is not to know which.
    """
    if context.participation != Participation.YES:
        raise DirectiveStepNotPossible("not_participating" if context.is_home else "ask_the_home_agency")
    if context.deceased:
        raise DirectiveStepNotPossible("deceased" if context.is_home else "ask_the_home_agency")


def _may(step: Step, requested: RequestedDirective, context: DraftContext) -> bool:
    sides = context.sides(requested.custodian, requested.recipient)
    return permitted(step, sides, person=context.by_person is not None)


def _check_way(requested: RequestedDirective, context: DraftContext) -> None:
    """One custodian, one recipient, one direction; and whoever drafts is one of the two (R9, R10, R35)."""
    refuse_if(
        [
            (requested.recipient is None, "recipient", "missing"),
            (requested.excluded_person_ref is not None, "excluded_person_ref", "only_on_a_denial"),
            (requested.excluded_agency is not None, "excluded_agency_ref", "only_on_a_denial"),
            (
                requested.recipient is not None and requested.recipient not in context.agencies,
                "recipient",
                "unknown_agency",
            ),
            (requested.custodian not in context.agencies, "custodian", "unknown_agency"),
            (requested.recipient == requested.custodian, "recipient", "own_record"),
            (not _may(Step.DRAFT, requested, context), "custodian", "not_yours"),
        ]
    )


def _check_purpose(requested: RequestedDirective, context: DraftContext) -> None:
    recipient = context.agencies[requested.recipient or ""]
    counting = requested.purpose is Purpose.EVALUATION_AGGREGATE
    refuse_if(
        [
            (requested.purpose is None, "purpose", "missing"),
            (counting, "purpose", "names_no_category"),  # R14
            (
                requested.purpose is not None and not counting and requested.purpose not in recipient.purposes,
                "purpose",
                "not_registered",
            ),
        ]
    )


def _check_fields(directive: Directive) -> None:
    known_fields = set(FIELDS)
    refuse_if(
        [
            (not directive.only_fields <= known_fields, "only_fields", "unknown_field"),
            (not directive.excepted_fields <= known_fields, "excepted_fields", "unknown_field"),
            (not directive.categories, "categories", "missing"),
        ]
    )
    try:
        named = fields_named(directive)
    except UnreadableDirective:
        raise NotAcceptable(("only_fields", "outside_its_categories")) from None
    if not named:
        raise NotAcceptable(("categories", "nothing_left"))


def _check_added_to(new: Provision, context: DraftContext) -> None:
    if new.adds_to_ref is None:
        return
    other = next((provision for provision in context.standing if provision.ref == new.adds_to_ref), None)
    if other is None:
        raise NotAcceptable(("adds_to_ref", "unknown_directive"))
    if not same_way(new, other):
        raise NotAcceptable(("adds_to_ref", "not_the_same_way"))


def _provision(requested: RequestedDirective, context: DraftContext, ref: UUID, state: DirectiveState) -> Provision:
    directive = Directive(
        directive_ref=ref,
        effect=requested.effect,
        custodian=requested.custodian,
        recipient=requested.recipient,
        purpose=requested.purpose,
        categories=requested.categories,
        excepted_fields=requested.excepted_fields,
        only_fields=requested.only_fields,
        excluded_person_ref=requested.excluded_person_ref,
        excluded_agency=requested.excluded_agency,
        valid_from=max(requested.valid_from or context.at, context.at),
        valid_until=requested.valid_until,
        state=state,
        basis=Basis.RELEASE,
        taxonomy_version=TAXONOMY_VERSION,
        started=requested.starts_when is None,
        survives_death=requested.survives_death,
        after_conflict_check=requested.starts_when is StartsWhen.CONFLICT_CLEAR,
    )
    return Provision(
        directive=directive,
        drafted_by=context.by_actor,
        drafting_agency=context.by_agency,
        drafted_at=context.at,
        starts_when=requested.starts_when,
        ends_when=requested.ends_when,
        supersedes_ref=requested.supersedes_ref,
        adds_to_ref=requested.adds_to_ref,
    )
