"""What makes a draft a grant: a signature that is informed, written and limited in time (34 U.S.C. 12291(b)(2)(B))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.consent import Directive
from schemas.categories import DataCategory
from schemas.codes import (
    AgencyFlag,
    ChannelKind,
    DirectiveState,
    Participation,
    SigningMethod,
)
from services.consent.domain.drafting import Scene, refuse_if, refuse_overlap
from services.consent.domain.provision import Provision, is_narrower, same_way
from services.consent.domain.refusal import NotAcceptable, NotPossible
from services.consent.domain.words import Consideration, ReceiptState, SignerConflict, SignerRole

CLOCKS_MAY_DIFFER: Final = timedelta(minutes=5)
TYPED_TO: Final = timedelta(minutes=1)  # as exactly as somebody writes a time on a paper
# 42 CFR 2.31(a), by the names of domain.md section 5.
PART2_ELEMENTS: Final = (
    "patient_name",
    "discloser",
    "description",
    "recipients",
    "right_to_revoke",
    "how_to_revoke",
    "expiry",
    "signature",
    "signed_on",
)
TOGETHER: Final = frozenset({SignerRole.MINOR, SignerRole.PARENT, SignerRole.GUARDIAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What evidences a grant, as staff recorded it."""

    method: SigningMethod
    signed_at: datetime
    language: str
    text_version: str
    explained_by: str
    signer_role: SignerRole
    signer_conflict_check: SignerConflict | None = None
    second_signer: str | None = None
    witness_ref: str | None = None
    second_channel: ChannelKind | None = None
    interpreter_ref: str | None = None
    document_ref: str | None = None
    asked_considerations: tuple[Consideration, ...] = ()
    receipt_asked: bool = False
    receipt_channel_ref: UUID | None = None
    part2: Mapping[str, Any] | None = field(default=None, repr=False)

    def evidence(self) -> dict[str, Any]:
        """Return what is kept beside the directive: references and codes.

        Of the Part 2 block only which elements were there: a name would be a survivor's field in the clear.
        """
        kept = {
            "method": self.method,
            "language": self.language,
            "text_version": self.text_version,
            "explained_by": self.explained_by,
            "signer_role": self.signer_role,
            "signer_conflict_check": self.signer_conflict_check,
            "second_signer": self.second_signer,
            "witness_ref": self.witness_ref,
            "second_channel": self.second_channel,
            "interpreter_ref": self.interpreter_ref,
            "document_ref": self.document_ref,
            "asked_considerations": list(self.asked_considerations),
            "receipt": ReceiptState.HELD if self.receipt_asked else ReceiptState.NOT_ASKED,
            "receipt_channel_ref": None if self.receipt_channel_ref is None else str(self.receipt_channel_ref),
            "part2_elements": None if self.part2 is None else sorted(set(PART2_ELEMENTS) & self.part2.keys()),
        }
        return {name: value for name, value in kept.items() if value not in (None, [])}


def sign(draft: Provision, signature: Signature, scene: Scene) -> tuple[Provision, Provision | None]:
    """Return the draft made active, and what it supersedes made so; nothing opens before it starts.

    Raises `NotPossible` or `NotAcceptable`; the draft then stays what it was.
    """
    if draft.state is not DirectiveState.DRAFT:
        raise NotPossible("not_a_draft")
    if scene.participation != Participation.YES:
        raise NotPossible("not_participating")  # R16
    if not {draft.directive.custodian, draft.directive.recipient} <= scene.agencies.keys():
        raise NotPossible("agency_not_active")
    check_signer(signature, scene)
    _check_whose_record(draft, signature, scene)
    _check_part2(draft, signature, scene)
    _check_not_overtaken(draft, signature, scene)
    old = _superseded(draft, scene)
    if old is not None and not is_narrower(draft, old):
        check_second_actor(signature, scene)
    active = replace(
        draft,
        directive=_in_time(draft, signature, scene),
        version=draft.version + 1,
        evidence=signature.evidence(),
        signed_at=signature.signed_at,
        relayed=old is not None and old.relayed,
    )
    refuse_overlap(active, scene)
    return active, None if old is None else superseded(old)


def check_signer(signature: Signature, scene: Scene) -> None:
    """Refuse a signature nobody explained, one from the future, and one by or without whom the law names (R2, R12)."""
    role, second = signature.signer_role, signature.second_signer
    alone = role is SignerRole.MINOR and scene.profile.minor_alone
    together = role in TOGETHER and not alone
    refuse_if(
        [
            (signature.signer_conflict_check is SignerConflict.ABUSER, "signer_conflict_check", "signer_is_abuser"),
            (together and second is None, "second_signer", "missing"),
            (together and signature.signer_conflict_check is None, "signer_conflict_check", "missing"),
            (signature.explained_by not in scene.known_persons, "explained_by", "unknown_person"),
            (signature.signed_at > scene.at + CLOCKS_MAY_DIFFER, "signed_at", "in_the_future"),
        ]
    )


def check_second_actor(signature: Signature, scene: Scene) -> None:
    """Refuse to open more on one person's record alone: a witness, or the survivor again over another channel."""
    witness = signature.witness_ref
    apart = witness is not None and witness not in (signature.explained_by, scene.by_actor)
    if not apart and signature.second_channel is None:
        raise NotAcceptable(("witness_ref", "second_actor_missing"))


def superseded(old: Provision) -> Provision:
    """Return the provision as one that another stands in place of; what is final already stays what it is."""
    if old.state is not DirectiveState.ACTIVE:
        return old
    return replace(old, directive=replace(old.directive, state=DirectiveState.SUPERSEDED), version=old.version + 1)


def _check_whose_record(draft: Provision, signature: Signature, scene: Scene) -> None:
    """Refuse that a recipient grants itself another's record on paper: its custodian confirms, or the survivor does."""
    by_survivor = signature.signer_role is SignerRole.SURVIVOR and signature.method is SigningMethod.E_SIGNED
    if scene.by_agency != draft.directive.custodian and not by_survivor:
        raise NotPossible("custodian_or_survivor_signs")


def _check_part2(draft: Provision, signature: Signature, scene: Scene) -> None:
    """Refuse a consent to Part 2 content that lacks one of the nine elements (R22)."""
    custodian = scene.agencies[draft.directive.custodian]
    bound = AgencyFlag.PART2_PROGRAM in custodian.flags
    if not bound or DataCategory.SUBSTANCE_USE not in draft.directive.categories:
        return
    given = signature.part2 or {}
    refuse_if([(not given.get(name), f"part2.{name}", "missing") for name in PART2_ELEMENTS])


def _check_not_overtaken(draft: Provision, signature: Signature, scene: Scene) -> None:
    """Refuse a paper older than a later no to the same thing: the last word is the survivor's, not the filing's."""
    ends = (one.revoked_at or one.refused_at for one in scene.standing if same_way(one, draft))
    if any(ended is not None and ended - signature.signed_at > TYPED_TO for ended in ends):
        raise NotPossible("signed_before_it_was_stopped")


def _superseded(draft: Provision, scene: Scene) -> Provision | None:
    """Return what the draft stands in place of; refuse where that was ended in the meantime by somebody's word."""
    if draft.supersedes_ref is None:
        return None
    old = next((one for one in scene.standing if one.ref == draft.supersedes_ref), None)
    if old is None or old.state is not DirectiveState.ACTIVE:
        raise NotPossible("superseded_not_active")
    # One that has run out is final by itself, and nothing is left to be replaced.
    return old if old.state_at(scene.at) is DirectiveState.ACTIVE else None


def _in_time(draft: Provision, signature: Signature, scene: Scene) -> Directive:
    """Return the directive as it starts with the signature's record and ends no later than the profile allows."""
    profile, directive = scene.profile, draft.directive
    latest = signature.signed_at + timedelta(days=profile.max_days)
    if directive.valid_until is None and profile.default_days is not None:
        wanted = signature.signed_at + timedelta(days=profile.default_days)
    elif directive.valid_until is not None:
        wanted = directive.valid_until
    else:
        raise NotAcceptable(("valid_until", "missing"))
    starts = max(directive.valid_from, scene.at)
    until = min(wanted, latest)
    refuse_if([(until <= starts, "valid_until", "already_over")])
    return replace(directive, state=DirectiveState.ACTIVE, valid_from=starts, valid_until=until)
