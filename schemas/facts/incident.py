"""An incident was reported, or what was reported changed."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.categories import (
    AllegedOffender,
    Children,
    IncidentNarrative,
    IncidentSummary,
    Location,
    Medical,
    WeaponsRisk,
)
from schemas.codes import (
    Bool3,
    CareNeeded,
    DatePrecision,
    DayPeriod,
    EarlierIncidents,
    ElapsedBand,
    FirearmRelationship,
    IncidentChange,
    IncidentContext,
    InjuryLevel,
    PlaceKind,
    PoliceReport,
    Relationship,
    ReportChannel,
    ViolenceType,
    WeaponKind,
)
from schemas.facts.categorised import Categorised
from schemas.facts.evidence import EvidenceList
from schemas.facts.fact import CjiMarks, Fact
from schemas.facts.survivor import Address, SurvivorBlock
from schemas.values import Day, Flag, Instant, Items, LanguageTag, Narrative20000, Ref, Text200, Text2000, Version


class WeaponsBlock(Categorised):
    """Weapons, and whether one is within reach."""

    weapon_involved: WeaponsRisk[Bool3 | None] = None
    weapon_kinds: WeaponsRisk[Items[WeaponKind] | None] = None
    firearm_access: WeaponsRisk[Bool3 | None] = None


class OffenderBlock(Categorised):
    """Who is said to have done it."""

    offender_name: AllegedOffender[Text200 | None] = None
    offender_born_on: AllegedOffender[Day | None] = None
    offender_description: AllegedOffender[Text2000 | None] = None
    offender_has_access: AllegedOffender[Bool3 | None] = None
    firearm_relationship_code: AllegedOffender[FirearmRelationship | None] = None


class IncidentBlock(WeaponsBlock, OffenderBlock):
    """What a person records of an incident."""

    channel: IncidentSummary[ReportChannel | None] = None
    occurred_on: IncidentSummary[Day | None] = None
    date_precision: IncidentSummary[DatePrecision | None] = None
    day_period: IncidentSummary[DayPeriod | None] = None
    place_kind: IncidentSummary[PlaceKind | None] = None
    violence_types: IncidentSummary[Items[ViolenceType] | None] = None
    relationship: IncidentSummary[Relationship | None] = None
    injury_level: IncidentSummary[InjuryLevel | None] = None
    force_involved: IncidentSummary[Bool3 | None] = None
    minor_involved: IncidentSummary[Bool3 | None] = None
    arrest_made: IncidentSummary[Bool3 | None] = None
    evidence_held: IncidentSummary[Bool3 | None] = None
    police_called: IncidentSummary[Bool3 | None] = None
    reported_elsewhere: IncidentSummary[Bool3 | None] = None
    earlier_incidents: IncidentSummary[EarlierIncidents | None] = None
    police_report: IncidentSummary[PoliceReport | None] = None
    narrative: IncidentNarrative[Narrative20000 | None] = None
    narrative_language: IncidentNarrative[LanguageTag | None] = None
    injuries: Medical[Text2000 | None] = None
    care_needed: Medical[CareNeeded | None] = None
    strangulation: Medical[Bool3 | None] = None
    children_present: Children[Bool3 | None] = None
    place: Location[Address | None] = None


class IncidentFact(CjiMarks, Fact, SurvivorBlock, IncidentBlock, EvidenceList):
    """What every fact about an incident carries besides: set by the service, never by a form."""

    computed: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "contexts": ("violence_types", "relationship", "minor_involved"),
        "elapsed_band": ("occurred_on", "date_precision", "reported_at"),
    }

    incident_ref: IncidentSummary[Ref]
    version: IncidentSummary[Version]
    reported_at: IncidentSummary[Instant]
    contexts: IncidentSummary[Items[IncidentContext] | None] = None
    elapsed_band: IncidentSummary[ElapsedBand | None] = None
    repeat_incident: IncidentSummary[Flag | None] = None
    changed: IncidentSummary[Items[IncidentChange] | None] = None


class IncidentReported(IncidentFact):
    """An incident was recorded for the first time."""

    type: ClassVar[str] = "accord.incident.reported.v1"


class IncidentUpdated(IncidentFact):
    """A next version of an incident; `changed` says what kind of change it was."""

    type: ClassVar[str] = "accord.incident.updated.v1"

    changed: IncidentSummary[Items[IncidentChange]]
