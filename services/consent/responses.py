"""What consent answers: references, codes and instants."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from runtime.register import Subject
from schemas.categories import DataCategory
from schemas.codes import (
    AgencyKind,
    Basis,
    DirectiveEffect,
    DirectiveState,
    EndsWhen,
    Participation,
    Purpose,
    StartsWhen,
)
from schemas.strict_model import StrictModel
from schemas.values import PersonRef
from services.consent.agencies import NamedAgency
from services.consent.domain import ConfirmationWait, Provision
from services.consent.release_lists import OVER, ListedDirective, ReleaseState


class ParticipationResponse(StrictModel):
    """The choice as it was recorded, and which directives ended with it."""

    case_ref: UUID
    participation: Participation
    everything: bool  # False: this agency is not the home agency, so only what it is a side of ended
    revoked: tuple[UUID, ...] = ()


class DeathResponse(StrictModel):
    """Whether a death is on record, and since when its correction waits for a second person."""

    case_ref: UUID
    deceased: bool
    awaiting_since: datetime | None
    awaiting_until: datetime | None

    @classmethod
    def of(cls, case_ref: UUID, waiting: ConfirmationWait | None, *, deceased: bool = True) -> DeathResponse:
        """Return the answer for a death that is on record or not, and whose correction waits or does not."""
        since, until = (None, None) if waiting is None else (waiting.since, waiting.until)
        return cls(case_ref=case_ref, deceased=deceased, awaiting_since=since, awaiting_until=until)


class DirectiveResponse(StrictModel):
    """One provision as it stands."""

    directive_ref: UUID
    effect: DirectiveEffect
    custodian: str
    recipient: str | None
    purpose: Purpose | None
    categories: tuple[DataCategory, ...]
    excepted_fields: tuple[str, ...]
    only_fields: tuple[str, ...]
    excluded_person_ref: str | None
    excluded_agency_ref: str | None
    excluded_person_known: bool | None = None  # told once, of the agency's own staff; of no other agency's, ever
    valid_from: datetime
    valid_until: datetime | None
    starts_when: StartsWhen | None
    ends_when: EndsWhen | None
    survives_death: bool
    basis: Basis
    state: DirectiveState
    in_force: bool
    version: int
    taxonomy_version: int
    supersedes_ref: UUID | None
    adds_to_ref: UUID | None
    signed_at: datetime | None
    refused_at: datetime | None
    revoked_at: datetime | None
    awaiting_since: datetime | None  # of a denial: since when its lifting waits for a second person
    awaiting_until: datetime | None
    needs_second_person: bool | None = None  # of a draft in its case's list: whether its signature will wait for one

    @classmethod
    def of(
        cls,
        provision: Provision,
        subject: Subject,
        *,
        deceased: bool = False,
        excluded_person_known: bool | None = None,
        needs_second_person: bool | None = None,
    ) -> DirectiveResponse:
        """Return the response for a provision at the instant at which the subject was locked."""
        directive, waiting = provision.directive, provision.waiting
        open_at_all = not provision.permits or (
            subject.table.participating and (not deceased or directive.survives_death)
        )
        return cls(
            directive_ref=provision.ref,
            effect=directive.effect,
            custodian=directive.custodian,
            recipient=directive.recipient,
            purpose=directive.purpose,
            categories=tuple(sorted(directive.categories)),
            excepted_fields=tuple(sorted(directive.excepted_fields)),
            only_fields=tuple(sorted(directive.only_fields)),
            excluded_person_ref=directive.excluded_person_ref,
            excluded_agency_ref=directive.excluded_agency,
            excluded_person_known=excluded_person_known,
            valid_from=directive.valid_from,
            valid_until=directive.valid_until,
            starts_when=provision.starts_when,
            ends_when=provision.ends_when,
            survives_death=directive.survives_death,
            basis=directive.basis,
            state=provision.state_at(subject.at),
            in_force=provision.in_force(subject.at) and open_at_all,
            version=provision.version,
            taxonomy_version=directive.taxonomy_version,
            supersedes_ref=provision.supersedes_ref,
            adds_to_ref=provision.adds_to_ref,
            signed_at=provision.signed_at,
            refused_at=provision.refused_at,
            revoked_at=provision.revoked_at,
            awaiting_since=None if waiting is None else waiting.since,
            awaiting_until=None if waiting is None else waiting.until,
            needs_second_person=needs_second_person,
        )


class DirectivesResponse(StrictModel):
    """An agency's own directives of a case; `unreadable` ones are closed and wait for a person."""

    case_ref: UUID
    participation: Participation | None  # the home agency's to know
    directives: tuple[DirectiveResponse, ...]
    unreadable: int


class ListedDirectiveResponse(StrictModel):
    """A directive in a list, as far as a list needs it; `begun` tells an active permit from one that starts later."""

    directive_ref: UUID
    case_ref: UUID
    state: ReleaseState
    effect: DirectiveEffect
    recipient: str | None
    purpose: Purpose | None
    categories: tuple[DataCategory, ...]
    excluded_person_ref: str | None
    excluded_agency_ref: str | None
    begun: bool
    valid_from: datetime
    valid_until: datetime | None
    drafted_at: datetime
    signed_at: datetime | None
    over_at: datetime | None  # when it expired, was stopped or was refused

    @classmethod
    def of(cls, row: ListedDirective, state: ReleaseState) -> ListedDirectiveResponse:
        """Return the response for a row of the list of directives that stand so."""
        return cls(
            directive_ref=row.directive_ref,
            case_ref=row.case_ref,
            state=state,
            effect=DirectiveEffect(row.effect),
            recipient=row.recipient,
            purpose=None if row.purpose is None else Purpose(row.purpose),
            categories=tuple(DataCategory(category) for category in sorted(row.categories)),
            excluded_person_ref=row.excluded_person_ref,
            excluded_agency_ref=row.excluded_agency_ref,
            begun=row.begun,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            drafted_at=row.drafted_at,
            signed_at=row.signed_at,
            over_at=row.place if state in OVER else None,
        )


class ListedDirectivesResponse(StrictModel):
    """A page of directives that stand alike."""

    directives: tuple[ListedDirectiveResponse, ...]


class NamedAgencyResponse(StrictModel):
    """An active agency, by what a person chooses it by."""

    agency_ref: str
    name: str
    kind: AgencyKind | None  # None: one that this version does not know, to which nothing can be permitted
    purposes: tuple[Purpose, ...]

    @classmethod
    def of(cls, named: NamedAgency) -> NamedAgencyResponse:
        """Return the response for an agency under its name."""
        agency = named.agency
        purposes = tuple(sorted(agency.purposes))
        return cls(agency_ref=agency.agency_id, name=named.name, kind=agency.kind, purposes=purposes)


class AgenciesResponse(StrictModel):
    """A page of agencies, by name."""

    agencies: tuple[NamedAgencyResponse, ...]


class TextResponse(StrictModel):
    """The words of a release in one language, in the version that is signed today."""

    language: str
    text_version: str
    sha256: str
    text: str


class TextsResponse(StrictModel):
    """The words of a release, once for each language there is."""

    texts: tuple[TextResponse, ...]


class AwaitingResponse(StrictModel):
    """An opening that one person recorded: a permit, the lifting of a denial, or the correction of a death."""

    kind: Literal["permit", "lifting", "death"]
    directive_ref: UUID | None
    case_ref: UUID
    recorded_by: PersonRef
    awaiting_since: datetime
    awaiting_until: datetime


class AwaitingsResponse(StrictModel):
    """A page of what waits for a second person, the oldest first."""

    awaiting: tuple[AwaitingResponse, ...]


class StoppedResponse(StrictModel):
    """A directive that is over. Whoever is not its custodian reads the same answer, whatever it was before."""

    directive_ref: UUID
    state: DirectiveState
    ended: tuple[UUID, ...] = ()


class AllStoppedResponse(StrictModel):
    """Everything that ended at once."""

    case_ref: UUID
    everything: bool
    ended: tuple[UUID, ...] = ()
