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


def draft(said: RequestedDirective, scene: DraftContext, ref: UUID) -> Provision:
    """Return the provision that `said` makes: a denial or a narrowing is active at once, all else is a draft.

    Raises `NotAcceptable` for what can never be a directive, `DirectiveStepNotPossible` for what cannot be one now.
    """
    if said.effect is DirectiveEffect.DENY:
        return _denial(said, scene, ref)
    _check_way(said, scene)
    refuse_if(unenforced(said, scene))
    if said.supersedes_ref is not None:
        return _in_place_of(said, scene, ref)
    return _permit(said, scene, ref)


def _check_room(scene: DraftContext) -> None:
    """Refuse more than one agency may have standing of one survivor: whoever changes consent reads them all (M7)."""
    standing = sum(one.drafting_agency == scene.by_agency and one.state in STANDS for one in scene.standing)
    if standing >= MOST_STANDING:
        raise DirectiveStepNotPossible("too_many_directives")


def _denial(said: RequestedDirective, scene: DraftContext, ref: UUID) -> Provision:
    """Return a denial, in force at once and without an end."""
    named = said.recipient, said.excluded_person_ref
    errors = [
        (said.custodian not in scene.agencies, "custodian", "unknown_agency"),
        (not _may(Step.DENY, said, scene), "custodian", "not_yours"),
        (named.count(None) != 1, "recipient", "one_agency_or_one_person"),
        (said.recipient is not None and said.recipient not in scene.agencies, "recipient", "unknown_agency"),
        (said.recipient == said.custodian, "recipient", "own_record"),
        *person_errors(said.excluded_person_ref, said.excluded_agency, scene.agencies),
        (said.valid_until is not None or said.ends_when is not None, "valid_until", "a_denial_has_no_end"),
        (said.valid_from is not None or said.starts_when is not None, "valid_from", "a_denial_starts_at_once"),
        (said.supersedes_ref is not None or said.adds_to_ref is not None, "supersedes_ref", "a_denial_stands_alone"),
    ]
    refuse_if(errors)
    if scene.by_agency != scene.home_agency:  # what she denies where her case was opened is never turned away
        _check_room(scene)
    made = _provision(said, scene, ref, DirectiveState.ACTIVE)
    if said.recipient is not None:
        _check_fields(made.directive)
    return made


def _permit(said: RequestedDirective, scene: DraftContext, ref: UUID) -> Provision:
    """Return a draft permit that could be signed as things stand."""
    if scene.is_home:
        check_takes_part(scene)  # another agency is answered alike whatever she chose
    _check_room(scene)
    _check_purpose(said, scene)
    made = _provision(said, scene, ref, DirectiveState.DRAFT)
    _check_fields(made.directive)
    refuse_if([*out_of_reach(made.directive, scene), *unasked(said, scene)])
    check_period(made.directive, scene.profile, scene.at)
    _check_added_to(made, scene)
    refuse_overlap(made, scene)
    return made


def _in_place_of(said: RequestedDirective, scene: DraftContext, ref: UUID) -> Provision:
    """Return what takes the place of another: at once if it only closes, else a draft that waits for a signature."""
    old = latest(said.supersedes_ref, scene.standing)
    if old is None:
        raise NotAcceptable(("supersedes_ref", "unknown_directive"))
    said = replace(said, supersedes_ref=old.ref)
    if old.state_at(scene.at) is not DirectiveState.ACTIVE:
        raise DirectiveStepNotPossible("superseded_not_active")
    made = narrowed(said, old, scene, ref)
    if not same_way(made, old):
        raise NotAcceptable(("supersedes_ref", "not_the_same_way"))
    _check_fields(made.directive)
    if is_narrower(made, old) and said.adds_to_ref is None:
        return made
    return _permit(said, scene, ref)


def narrowed(said: RequestedDirective, old: Provision, scene: DraftContext, ref: UUID) -> Provision:
    """Return what would stand at once in place of `old` on the strength of its signature.

    It speaks the words of the old one's time, so that a category has not grown in between.
    """
    made = _provision(said, scene, ref, DirectiveState.ACTIVE)
    starts_when = said.starts_when or old.starts_when
    same_start = starts_when is old.starts_when
    directive = replace(
        made.directive,
        valid_from=max(made.directive.valid_from, old.directive.valid_from),
        valid_until=said.valid_until or old.directive.valid_until,
        taxonomy_version=old.directive.taxonomy_version,
        after_conflict_check=starts_when is StartsWhen.CONFLICT_CLEAR,
        started=same_start and old.directive.started,
    )
    return replace(
        made,
        directive=directive,
        starts_when=starts_when,
        started_at=old.started_at if same_start else None,
        ends_when=said.ends_when or old.ends_when,
        evidence=dict(old.evidence or {}) | {"narrowed_from": str(old.ref)},
        signed_at=old.signed_at,
        # Copies made under the old one are still out there: their holder must be told when this one ends.
        relayed=old.relayed,
    )


def refuse_if(errors: Errors) -> None:
    """Raise `NotAcceptable` for every line that is true."""
    found = [(place, code) for wrong, place, code in errors if wrong]
    if found:
        raise NotAcceptable(*found)


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


def refuse_overlap(new: Provision, scene: DraftContext) -> None:
    """Refuse a permit that overlaps another without saying how it relates to it (R37)."""
    if unlabelled(new, scene.standing, scene.at):
        raise DirectiveStepNotPossible("overlaps_another")


def check_takes_part(scene: DraftContext) -> None:
    """Refuse a permit of whoever takes no part or has died (R16, R20).

    Any other than the home agency reads one code, whether she was not asked, said no or died: it is not to know which.
    """
    if scene.participation != Participation.YES:
        raise DirectiveStepNotPossible("not_participating" if scene.is_home else "ask_the_home_agency")
    if scene.deceased:
        raise DirectiveStepNotPossible("deceased" if scene.is_home else "ask_the_home_agency")


def _may(step: Step, said: RequestedDirective, scene: DraftContext) -> bool:
    sides = scene.sides(said.custodian, said.recipient)
    return permitted(step, sides, person=scene.by_person is not None)


def _check_way(said: RequestedDirective, scene: DraftContext) -> None:
    """One custodian, one recipient, one direction; and whoever drafts is one of the two (R9, R10, R35)."""
    refuse_if(
        [
            (said.recipient is None, "recipient", "missing"),
            (said.excluded_person_ref is not None, "excluded_person_ref", "only_on_a_denial"),
            (said.excluded_agency is not None, "excluded_agency_ref", "only_on_a_denial"),
            (said.recipient is not None and said.recipient not in scene.agencies, "recipient", "unknown_agency"),
            (said.custodian not in scene.agencies, "custodian", "unknown_agency"),
            (said.recipient == said.custodian, "recipient", "own_record"),
            (not _may(Step.DRAFT, said, scene), "custodian", "not_yours"),
        ]
    )


def _check_purpose(said: RequestedDirective, scene: DraftContext) -> None:
    recipient = scene.agencies[said.recipient or ""]
    counting = said.purpose is Purpose.EVALUATION_AGGREGATE
    refuse_if(
        [
            (said.purpose is None, "purpose", "missing"),
            (counting, "purpose", "names_no_category"),  # R14
            (
                said.purpose is not None and not counting and said.purpose not in recipient.purposes,
                "purpose",
                "not_registered",
            ),
        ]
    )


def _check_fields(directive: Directive) -> None:
    known = set(FIELDS)
    refuse_if(
        [
            (not directive.only_fields <= known, "only_fields", "unknown_field"),
            (not directive.excepted_fields <= known, "excepted_fields", "unknown_field"),
            (not directive.categories, "categories", "missing"),
        ]
    )
    try:
        named = fields_named(directive)
    except UnreadableDirective:
        raise NotAcceptable(("only_fields", "outside_its_categories")) from None
    if not named:
        raise NotAcceptable(("categories", "nothing_left"))


def _check_added_to(new: Provision, scene: DraftContext) -> None:
    if new.adds_to_ref is None:
        return
    other = next((one for one in scene.standing if one.ref == new.adds_to_ref), None)
    if other is None:
        raise NotAcceptable(("adds_to_ref", "unknown_directive"))
    if not same_way(new, other):
        raise NotAcceptable(("adds_to_ref", "not_the_same_way"))


def _provision(said: RequestedDirective, scene: DraftContext, ref: UUID, state: DirectiveState) -> Provision:
    directive = Directive(
        directive_ref=ref,
        effect=said.effect,
        custodian=said.custodian,
        recipient=said.recipient,
        purpose=said.purpose,
        categories=said.categories,
        excepted_fields=said.excepted_fields,
        only_fields=said.only_fields,
        excluded_person_ref=said.excluded_person_ref,
        excluded_agency=said.excluded_agency,
        valid_from=max(said.valid_from or scene.at, scene.at),
        valid_until=said.valid_until,
        state=state,
        basis=Basis.RELEASE,
        taxonomy_version=TAXONOMY_VERSION,
        started=said.starts_when is None,
        survives_death=said.survives_death,
        after_conflict_check=said.starts_when is StartsWhen.CONFLICT_CLEAR,
    )
    return Provision(
        directive=directive,
        drafted_by=scene.by_actor,
        drafting_agency=scene.by_agency,
        drafted_at=scene.at,
        starts_when=said.starts_when,
        ends_when=said.ends_when,
        supersedes_ref=said.supersedes_ref,
        adds_to_ref=said.adds_to_ref,
    )
