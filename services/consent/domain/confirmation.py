"""The second person: whoever confirms an opening had no part in recording it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.codes import DirectiveState
from services.consent.domain.authority import Step, require
from services.consent.domain.codes import SignerRole
from services.consent.domain.confirmation_wait import ConfirmationWait
from services.consent.domain.denials import last_denial_at
from services.consent.domain.draft_context import DraftContext, JurisdictionProfile
from services.consent.domain.provision import Provision
from services.consent.domain.refusal import DirectiveStepNotPossible
from services.consent.domain.signature import Signature
from services.consent.domain.signing_rules import TYPED_TO, check_signer, enter, waiting


def lift(denial: Provision, signature: Signature, context: DraftContext) -> Provision:
    """Return a denial whose lifting waits for a second person; until that one has confirmed, it denies as before.

    Raises `DirectiveStepNotPossible` where no denial is in force, or where the survivor did not sign
    after the denial.
    """
    if denial.permits or not denial.in_force(context.at):
        raise DirectiveStepNotPossible("not_a_denial_in_force")
    require(
        Step.LIFT,
        context.sides(denial.directive.custodian, denial.directive.recipient),
        person=context.by_person is not None,
    )
    if signature.signer_role is not SignerRole.SURVIVOR:
        raise DirectiveStepNotPossible("survivor_signs")
    check_signer(signature, context)
    if denial.drafted_at - signature.signed_at > TYPED_TO:
        raise DirectiveStepNotPossible("signed_before_it_was_stopped")
    return replace(denial, version=denial.version + 1, waiting=waiting(signature, context))


def confirm(signed: Provision, context: DraftContext) -> tuple[Provision, Provision | None, bool]:
    """Return the confirmed permit in force, the one it supersedes, and whether a pause stood in for a person.

    Raises `DirectiveStepNotPossible` where nothing waits, or where something since the signature
    forbids it.
    """
    require(
        Step.CONFIRM,
        context.sides(signed.directive.custodian, signed.directive.recipient),
        person=context.by_person is not None,
    )
    if signed.state is not DirectiveState.AWAITING_CONFIRMATION or signed.waiting is None or signed.signed_at is None:
        raise DirectiveStepNotPossible("nothing_awaits_confirmation")
    alone = confirmed_alone(signed.waiting, context.by_actor, context.profile, context.at)
    active, replaced = enter(signed, signed.signed_at, context)
    evidence = dict(active.evidence or {}) | {"confirmed_by": context.by_actor}
    return replace(active, version=signed.version + 1, evidence=evidence), replaced, alone


def check_lifting(denial: Provision, context: DraftContext) -> bool:
    """Refuse to end a denial but by a second person's word; tell whether a pause stood in for that person."""
    require(
        Step.CONFIRM,
        context.sides(denial.directive.custodian, denial.directive.recipient),
        person=context.by_person is not None,
    )
    if denial.waiting is None or not denial.in_force(context.at):
        raise DirectiveStepNotPossible("nothing_awaits_confirmation")
    stopped = last_denial_at(denial.directive.custodian, denial.directive.recipient, context, but=denial.ref)
    if stopped is not None and stopped > denial.waiting.since:
        raise DirectiveStepNotPossible("stopped_since_it_was_recorded")
    return confirmed_alone(denial.waiting, context.by_actor, context.profile, context.at)


def confirmed_alone(wait: ConfirmationWait, actor: str, profile: JurisdictionProfile, at: datetime) -> bool:
    """Tell whether it is a party to the first act who confirms, after the pause that the profile sets.

    Raises `DirectiveStepNotPossible` where that is not allowed, and where what waited has lapsed.
    """
    if not wait.open_at(at):
        raise DirectiveStepNotPossible("confirmation_lapsed")
    if actor not in wait.parties:
        return False
    if profile.alone_after_hours is None:
        raise DirectiveStepNotPossible("party_to_the_first_act")
    if at < wait.since + timedelta(hours=profile.alone_after_hours):
        raise DirectiveStepNotPossible("pause_not_over")
    return True
