"""What makes a draft a grant: a signature that is informed, written and limited in time (34 U.S.C. 12291(b)(2)(B)).

Where it opens more than stood before, it waits for a second person, and opens nothing meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from kernel.consent import Directive
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, DirectiveState
from services.consent.domain.authority import Step, require
from services.consent.domain.codes import SignerConflict, SignerRole
from services.consent.domain.confirmation_wait import ConfirmationWait
from services.consent.domain.denials import last_denial_at
from services.consent.domain.draft_context import DraftContext
from services.consent.domain.drafts import Errors, check_takes_part, refuse_if, refuse_overlap
from services.consent.domain.provision import Provision, same_way
from services.consent.domain.refusal import DirectiveStepNotPossible, NotAcceptable
from services.consent.domain.signature import PART2_ELEMENTS, Signature
from services.consent.domain.wider_grants import widens

CLOCKS_MAY_DIFFER: Final = timedelta(minutes=5)
TYPED_TO: Final = timedelta(seconds=1)  # as exactly as a form writes a time
TOGETHER: Final = frozenset({SignerRole.MINOR, SignerRole.PARENT, SignerRole.GUARDIAN})


def sign(draft: Provision, signature: Signature, context: DraftContext) -> tuple[Provision, Provision | None]:
    """Return the draft in force, and the provision it supersedes; a draft that opens more than before waits instead.

    Raises `DirectiveStepNotPossible` or `NotAcceptable`; the draft then stays what it was.
    """
    if draft.state is not DirectiveState.DRAFT:
        raise DirectiveStepNotPossible("not_a_draft")
    require(
        Step.SIGN,
        context.sides(draft.directive.custodian, draft.directive.recipient),
        person=context.by_person is not None,
    )
    check_signer(signature, context)
    _check_part2(draft, signature, context)
    signed = replace(
        draft, version=draft.version + 1, evidence=_evidence(signature, context), signed_at=signature.signed_at
    )
    active, replaced = enter(signed, signature.signed_at, context)
    if not widens(signed, context):
        return active, replaced
    awaiting = replace(signed.directive, state=DirectiveState.AWAITING_CONFIRMATION)
    return replace(signed, directive=awaiting, waiting=waiting(signature, context, draft.drafted_by)), None


def enter(signed: Provision, signed_at: datetime, context: DraftContext) -> tuple[Provision, Provision | None]:
    """Return the signed provision in force from now on, and the one it supersedes.

    Raises `DirectiveStepNotPossible` where something that happened since it was drafted or signed forbids it.
    """
    check_takes_part(context)
    if not {signed.directive.custodian, signed.directive.recipient} <= context.agencies.keys():
        raise DirectiveStepNotPossible("agency_not_active")
    _check_not_overtaken(signed, signed_at, context)
    old = _superseded(signed, context)
    active = replace(
        signed, directive=_in_time(signed, signed_at, context), relayed=old is not None and old.relayed, waiting=None
    )
    refuse_overlap(active, context)
    return active, None if old is None else superseded(old)


def check_signer(signature: Signature, context: DraftContext) -> None:
    """Refuse a signature nobody explained, one from the future, and one by or without whom the law names (R2, R12)."""
    role, second = signature.signer_role, signature.second_signer
    alone = role is SignerRole.MINOR and context.profile.minor_alone
    together = role in TOGETHER and not alone
    refuse_if(
        [
            (signature.signer_conflict_check is SignerConflict.ABUSER, "signer_conflict_check", "signer_is_abuser"),
            (together and second is None, "second_signer", "missing"),
            (together and signature.signer_conflict_check is None, "signer_conflict_check", "missing"),
            *unexplained(context, signature.language, signature.text_version, signature.explained_by),
            (signature.signed_at > context.at + CLOCKS_MAY_DIFFER, "signed_at", "in_the_future"),
        ]
    )


def unexplained(context: DraftContext, language: str, text_version: str, by: str, place: str = "") -> Errors:
    """Return what is wrong with how a choice was explained: by whom, and with which text in which language.

    It is explained by somebody who works at the custodian now, and from whom the survivor does not hide.
    """
    unknown = context.text_hash(language, text_version) is None
    return [
        (by not in context.explainers, f"{place}explained_by", "unknown_person"),
        (unknown, f"{place}text_version", "unknown_text"),
    ]


def in_time(provision: Provision, signed_at: datetime, context: DraftContext) -> Provision:
    """Return the provision with the period that a signature recorded now gives it; raises as `sign`."""
    return replace(provision, directive=_in_time(provision, signed_at, context))


def superseded(old: Provision) -> Provision:
    """Return the provision as one that another stands in place of; what is final already stays what it is."""
    if old.state is not DirectiveState.ACTIVE:
        return old
    return replace(old, directive=replace(old.directive, state=DirectiveState.SUPERSEDED), version=old.version + 1)


def _check_part2(draft: Provision, signature: Signature, context: DraftContext) -> None:
    """Refuse a consent to Part 2 content that lacks one of the nine elements (R22)."""
    custodian = context.agencies[draft.directive.custodian]
    bound = AgencyFlag.PART2_PROGRAM in custodian.flags
    if not bound or DataCategory.SUBSTANCE_USE not in draft.directive.categories:
        return
    elements = signature.part2 or {}
    refuse_if([(not elements.get(name), f"part2.{name}", "missing") for name in PART2_ELEMENTS])


def _check_not_overtaken(draft: Provision, signed_at: datetime, context: DraftContext) -> None:
    """Refuse a paper older than a later no: the last word is the survivor's, not the filing's."""
    refused = (
        provision.refused_at
        for provision in context.standing
        if same_way(provision, draft) and provision.refused_at is not None
    )
    denied_at = last_denial_at(draft.directive.custodian, draft.directive.recipient, context, but=draft.ref)
    last = max((*refused, *([] if denied_at is None else [denied_at])), default=None)
    if last is not None and last - signed_at > TYPED_TO:
        raise DirectiveStepNotPossible("signed_before_it_was_stopped")


def _superseded(draft: Provision, context: DraftContext) -> Provision | None:
    """Return what the draft stands in place of; refuse where that was ended in the meantime by somebody's word."""
    if draft.supersedes_ref is None:
        return None
    old = next((provision for provision in context.standing if provision.ref == draft.supersedes_ref), None)
    if old is None or old.state is not DirectiveState.ACTIVE:
        raise DirectiveStepNotPossible("superseded_not_active")
    # One that has run out is final by itself, and nothing is left to be replaced.
    return old if old.state_at(context.at) is DirectiveState.ACTIVE else None


def _in_time(draft: Provision, signed_at: datetime, context: DraftContext) -> Directive:
    """Return the directive as it starts with the signature's record and ends no later than the profile allows."""
    profile, directive = context.profile, draft.directive
    latest = signed_at + timedelta(days=profile.max_days)
    if directive.valid_until is None and profile.default_days is not None:
        valid_until = signed_at + timedelta(days=profile.default_days)
    elif directive.valid_until is not None:
        valid_until = directive.valid_until
    else:
        raise NotAcceptable(("valid_until", "missing"))
    starts = max(directive.valid_from, context.at)
    until = min(valid_until, latest)
    refuse_if([(until <= starts, "valid_until", "already_over")])
    return replace(directive, state=DirectiveState.ACTIVE, valid_from=starts, valid_until=until)


def _evidence(signature: Signature, context: DraftContext) -> dict[str, object]:
    text = context.text_hash(signature.language, signature.text_version)
    recorded = {"recorded_by": context.by_actor, "recorded_at": context.at.isoformat(), "text_sha256": text}
    return signature.evidence() | recorded


def waiting(signature: Signature, context: DraftContext, *others: str) -> ConfirmationWait:
    """Return the wait for a second person: nobody who recorded, explained, witnessed or drafted it may confirm it."""
    named = {signature.explained_by, signature.witness_ref, signature.second_signer, signature.interpreter_ref}
    return ConfirmationWait(
        since=context.at,
        recorded_by=context.by_actor,
        parties=frozenset({context.by_actor, *others, *(name for name in named if name is not None)}),
        signed_at=signature.signed_at,
        evidence=_evidence(signature, context),
    )
