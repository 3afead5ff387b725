"""What staff send to consent. No form holds a field of the survivor's but the Part 2 block, which is not kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.categories import DataCategory
from schemas.codes import (
    ChannelKind,
    DirectiveEffect,
    EndsWhen,
    Participation,
    Purpose,
    RevokedBy,
    SigningMethod,
    StartsWhen,
)
from schemas.strict_model import StrictModel
from schemas.values import (
    AgencyRef,
    Day,
    Flag,
    Instant,
    Items,
    LanguageTag,
    PersonRef,
    Slug,
    Text200,
    Text300,
    Text2000,
)
from services.consent.domain import Consideration, RequestedDirective, Signature, SignerConflict, SignerRole

MOST_CONSIDERED: Final = 20  # agencies and purposes side by side


class ChoiceEvidence(StrictModel):
    """How the choice to take part was made; it is no release, and may be spoken."""

    method: Literal["written", "e_signed", "spoken"]
    language: LanguageTag
    text_version: Slug
    explained_by: PersonRef


class ParticipationRequest(StrictModel):
    """Whether the survivor takes part. A yes says how it was explained; a no needs to say nothing."""

    participation: Literal[Participation.YES, Participation.NO]
    evidence: ChoiceEvidence | None = None


class DeathRequest(StrictModel):
    """When the survivor died."""

    died_on: Day

    def day(self) -> date:
        """Return the day."""
        return self.died_on


class DeathCorrectionRequest(StrictModel):
    """A death was recorded by mistake; there is nothing to say about it."""


class ExclusionRequest(StrictModel):
    """Whom the survivor shuts out, with the agency where they work: the caller's own unless another is named."""

    person_ref: PersonRef
    agency_ref: AgencyRef | None = None

    def requested_directive(self, agency_id: str) -> RequestedDirective:
        """Return the denial as the rules know it, on the record of the caller's agency."""
        return RequestedDirective(
            effect=DirectiveEffect.DENY,
            custodian=agency_id,
            excluded_person_ref=self.person_ref,
            excluded_agency=self.agency_ref or agency_id,
        )


class DirectiveRequest(StrictModel):
    """One provision: one recipient, one direction, one purpose. Several recipients are several directives.

    `everything` denies every category in one word, instead of naming them. `asked_one_by_one` names the categories to
    which the survivor said yes one by one; some are never taken in a list.
    """

    effect: DirectiveEffect
    custodian: AgencyRef | None = None
    recipient: AgencyRef | None = None
    purpose: Purpose | None = None
    categories: Items[DataCategory] = ()
    everything: Flag = False
    excepted_fields: Items[Slug] = ()
    only_fields: Items[Slug] = ()
    excluded_person_ref: PersonRef | None = None
    excluded_agency_ref: AgencyRef | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    starts_when: StartsWhen | None = None
    ends_when: EndsWhen | None = None
    survives_death: Flag = False
    asked_one_by_one: Items[DataCategory] = ()
    supersedes_ref: UUID | None = None
    adds_to_ref: UUID | None = None
    basis: Literal["release"] = "release"

    @model_validator(mode="after")
    def _deny_everything_or_name_it(self) -> Self:
        named = self.categories or self.excepted_fields or self.only_fields
        if self.everything and (self.effect is not DirectiveEffect.DENY or named):
            raise PydanticCustomError("everything", "everything is denied, never granted, and names no category")
        return self

    def requested_directive(self, agency_id: str) -> RequestedDirective:
        """Return the directive as the rules know it; the custodian is the caller's agency unless another is named."""
        return RequestedDirective(
            effect=self.effect,
            custodian=self.custodian or agency_id,
            recipient=self.recipient,
            purpose=self.purpose,
            categories=frozenset(DataCategory if self.everything else self.categories),
            excepted_fields=frozenset(self.excepted_fields),
            only_fields=frozenset(self.only_fields),
            excluded_person_ref=self.excluded_person_ref,
            excluded_agency=self.excluded_agency_ref,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            starts_when=self.starts_when,
            ends_when=self.ends_when,
            survives_death=self.survives_death,
            asked_one_by_one=frozenset(self.asked_one_by_one),
            supersedes_ref=self.supersedes_ref,
            adds_to_ref=self.adds_to_ref,
        )


class ConsideredGrant(StrictModel):
    """A grant that nobody has drafted yet, by what a draft would carry; its custodian is the agency that asks."""

    recipient: AgencyRef
    purpose: Purpose
    categories: Items[DataCategory] = ()
    excepted_fields: Items[Slug] = ()
    only_fields: Items[Slug] = ()
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    starts_when: StartsWhen | None = None
    supersedes_ref: UUID | None = None
    adds_to_ref: UUID | None = None

    def requested_directive(self, agency_id: str) -> RequestedDirective:
        """Return the directive as the rules know it, its categories as if each had been asked about by itself."""
        return RequestedDirective(
            effect=DirectiveEffect.PERMIT,
            custodian=agency_id,
            recipient=self.recipient,
            purpose=self.purpose,
            categories=frozenset(self.categories),
            excepted_fields=frozenset(self.excepted_fields),
            only_fields=frozenset(self.only_fields),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            starts_when=self.starts_when,
            asked_one_by_one=frozenset(self.categories),
            supersedes_ref=self.supersedes_ref,
            adds_to_ref=self.adds_to_ref,
        )


class ComparisonRequest(StrictModel):
    """The agencies that a survivor considers, each for one purpose."""

    considered: Annotated[tuple[ConsideredGrant, ...], Field(min_length=1, max_length=MOST_CONSIDERED)]


class Part2Request(StrictModel):
    """The nine elements of 42 CFR 2.31(a); which of them are there is kept, what they say goes on record sealed."""

    patient_name: Text200 | None = None
    discloser: Text200 | None = None
    description: Text2000 | None = None
    recipients: Items[Text200] = ()
    right_to_revoke: Text2000 | None = None
    how_to_revoke: Text2000 | None = None
    expiry: Text200 | None = None
    signature: Text200 | None = None
    signed_on: Day | None = None
    intermediary_members: Items[Text200] = ()


class SignatureRequest(StrictModel):
    """What evidences a grant. There is no method "spoken": a stop may be spoken, a grant may not (R7)."""

    method: SigningMethod
    signed_at: Instant
    language: LanguageTag
    text_version: Slug
    explained_by: PersonRef
    signer_role: SignerRole
    signer_conflict_check: SignerConflict | None = None
    second_signer: Slug | None = None
    witness_ref: Slug | None = None
    second_channel: ChannelKind | None = None
    interpreter_ref: Slug | None = None
    document_ref: Slug | None = None
    asked_considerations: Items[Consideration] = ()
    receipt_asked: Flag = False
    receipt_channel_ref: UUID | None = None
    part2: Part2Request | None = None

    def signature(self) -> Signature:
        """Return the signature as the rules know it."""
        return Signature(
            method=self.method,
            signed_at=self.signed_at,
            language=self.language,
            text_version=self.text_version,
            explained_by=self.explained_by,
            signer_role=self.signer_role,
            signer_conflict_check=self.signer_conflict_check,
            second_signer=self.second_signer,
            witness_ref=self.witness_ref,
            second_channel=self.second_channel,
            interpreter_ref=self.interpreter_ref,
            document_ref=self.document_ref,
            asked_considerations=self.asked_considerations,
            receipt_asked=self.receipt_asked,
            receipt_channel_ref=self.receipt_channel_ref,
            part2=None if self.part2 is None else self.part2.model_dump(mode="json", exclude_none=True),
        )


class RevocationRequest(StrictModel):
    """A stop, told on any channel and in any words: everything here may be left out, and so may the body.

    `told_at` is when it was said, where that was before it is recorded; an instant that is still to come counts as now.
    """

    by: RevokedBy = RevokedBy.SURVIVOR
    channel: Slug | None = None
    told_at: Instant | None = None


class FieldsRequest(StrictModel):
    """What an agency asks to see besides what it may see now, for which purpose, and why."""

    custodian_ref: AgencyRef
    purpose: Purpose
    categories: Annotated[Items[DataCategory], Field(min_length=1)]
    reason: Text300


class DeclineRequest(StrictModel):
    """The survivor's no to a request for fields, told on any channel."""

    by: RevokedBy = RevokedBy.SURVIVOR
    channel: Slug | None = None


class RefusalRequest(StrictModel):
    """A no to a draft; there is nothing to say about it."""


class ConfirmationRequest(StrictModel):
    """A second person's word for what a first one recorded; there is nothing to say about it."""
