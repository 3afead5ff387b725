"""The survivor block: what a fact may carry of the person it is about."""

from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.categories import (
    Children,
    Demographics,
    Financial,
    Identity,
    Immigration,
    Location,
    Medical,
    MentalHealth,
    Needs,
    SafeContact,
    SubstanceUse,
)
from schemas.codes import (
    AgeBand,
    Attendance,
    Bool3,
    ChannelKind,
    ChannelStatus,
    Need,
    NoticeKind,
    Paper,
    Weekday,
)
from schemas.facts.categorised import Categorised
from schemas.strict_model import NestedModel
from schemas.values import (
    Count,
    Day,
    Flag,
    Instant,
    Items,
    LanguageTag,
    Latitude,
    LocalTime,
    Longitude,
    PersonRef,
    Ref,
    Text200,
    Text2000,
    TimeZone,
)


class Identifier(NestedModel):
    """A number or name by which an authority knows someone."""

    kind: Text200
    value: Text200


class Address(NestedModel):
    """Where something is."""

    line_1: Text200 | None = None
    line_2: Text200 | None = None
    city: Text200 | None = None
    region: Text200 | None = None
    postal_code: Text200 | None = None
    country: Text200 | None = None
    note: Text200 | None = None


class Position(NestedModel):
    """Where a device was, and until when that may be kept."""

    lat: Latitude
    lon: Longitude
    accuracy_m: Count | None = None
    at: Instant | None = None
    expires_at: Instant | None = None


class Window(NestedModel):
    """When a channel may be used, by the survivor's own clock."""

    days: Items[Weekday]
    from_local: LocalTime
    until_local: LocalTime


# ADR 0022: an agency permitted `safe_contact` and not `location` learns that post is safe, and not where it goes.
_FOUND_AT_A_PLACE = frozenset({ChannelKind.POST, ChannelKind.IN_PERSON})


class Channel(NestedModel):
    """A way to reach the survivor, and whether it is safe.

    `address` is a number, a mailbox or a person to ask for.  Where the channel is
    a place, the place is `location.postal_address`: a channel never says where
    someone can be found (law R4).
    """

    channel_ref: Ref | None = None
    kind: ChannelKind
    address: Text200 | None = None
    status: ChannelStatus = ChannelStatus.UNKNOWN
    voicemail_ok: Bool3 | None = None
    windows: Items[Window] = ()
    time_zone: TimeZone | None = None
    language: LanguageTag | None = None
    valid_until: Instant | None = None
    verified_at: Instant | None = None
    verified_by: PersonRef | None = None

    @model_validator(mode="after")
    def _hold_no_place(self) -> Self:
        if self.kind in _FOUND_AT_A_PLACE and self.address is not None:
            raise PydanticCustomError("place_in_channel", "a place belongs in postal_address")
        return self


class Child(NestedModel):
    """A child, without a name; a school is a location."""

    child_ref: Ref | None = None
    age_band: AgeBand | None = None
    needs: Text200 | None = None
    lives_with_survivor: Bool3 | None = None


class Claim(NestedModel):
    """A claim for money, and when it must be filed."""

    kind: Text200
    filing_due_on: Day | None = None
    state: Text200 | None = None


class IdentityBlock(Categorised):
    """Who the survivor is."""

    given_name: Identity[Text200 | None] = None
    family_name: Identity[Text200 | None] = None
    known_as: Identity[Text200 | None] = None
    born_on: Identity[Day | None] = None
    identifiers: Identity[Items[Identifier] | None] = None


class SafeContactBlock(Categorised):
    """How, when and with what word the survivor may be reached."""

    channels: SafeContact[Items[Channel] | None] = None
    code_word: SafeContact[Text200 | None] = None
    do_not_contact: SafeContact[Flag | None] = None
    anytime_for: SafeContact[Items[NoticeKind] | None] = None
    recheck_on: SafeContact[Day | None] = None


class LocationBlock(Categorised):
    """Where the survivor is, or can be found."""

    current_place: Location[Address | None] = None
    postal_address: Location[Address | None] = None
    position: Location[Position | None] = None
    school_or_work: Location[Items[Address] | None] = None


class DemographicsBlock(Categorised):
    """What the survivor says of themselves; nothing here is ever required."""

    gender: Demographics[Text200 | None] = None
    ethnicity: Demographics[Text200 | None] = None
    language: Demographics[Text200 | None] = None
    interpreter: Demographics[Bool3 | None] = None
    disability: Demographics[Text200 | None] = None
    age_band: Demographics[AgeBand | None] = None


class ChildrenBlock(Categorised):
    """The survivor's children."""

    children_count: Children[Count | None] = None
    children: Children[Items[Child] | None] = None


class NeedsBlock(Categorised):
    """What the survivor needs now."""

    needs: Needs[Items[Need] | None] = None


class SurvivorBlock(IdentityBlock, SafeContactBlock, LocationBlock, DemographicsBlock, ChildrenBlock, NeedsBlock):
    """What may be said of the survivor; a case needs none of it."""


class CareBlock(Categorised):
    """Care the survivor receives; a therapist's notes are in no contract."""

    medical_conditions: Medical[Text2000 | None] = None
    medication: Medical[Text2000 | None] = None
    mental_health_attendance: MentalHealth[Attendance | None] = None
    care_plan: MentalHealth[Text2000 | None] = None
    substance_use_attendance: SubstanceUse[Attendance | None] = None
    programme: SubstanceUse[Text200 | None] = None


class MeansBlock(Categorised):
    """Papers and money."""

    immigration_status: Immigration[Text200 | None] = None
    papers: Immigration[Items[Paper] | None] = None
    income_access: Financial[Bool3 | None] = None
    claims: Financial[Items[Claim] | None] = None
