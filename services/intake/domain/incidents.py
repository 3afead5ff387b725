"""An incident: what follows from what was said of it, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from schemas.codes import (
    Bool3,
    DatePrecision,
    ElapsedBand,
    IncidentChange,
    IncidentContext,
    PoliceReport,
    Relationship,
    ViolenceType,
)
from schemas.facts import IncidentReported, IncidentUpdated
from schemas.facts.categorised import Categorised
from schemas.facts.incident import IncidentBlock
from services.intake.domain.refusal import CaseStepNotPossible

REPEATS_WITHIN: Final = timedelta(days=365)
INTIMATE: Final = frozenset(
    {
        Relationship.SPOUSE,
        Relationship.COMMON_LAW_SPOUSE,
        Relationship.BOYFRIEND_OR_GIRLFRIEND,
        Relationship.EX_SPOUSE,
        Relationship.EX_RELATIONSHIP,
    }
)
SEXUAL: Final = frozenset({ViolenceType.RAPE, ViolenceType.SEXUAL_ASSAULT})
# Whole days from the incident to its report, each band's last.
BANDS: Final = (
    (3, ElapsedBand.DAYS_0_TO_3),
    (5, ElapsedBand.DAYS_4_TO_5),
    (14, ElapsedBand.DAYS_6_TO_14),
    (30, ElapsedBand.DAYS_15_TO_30),
)


class IncidentState(StrEnum):
    """Whether somebody still works on an incident."""

    RECORDED = "recorded"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as intake keeps it: what was told lies sealed with its custodian."""

    incident_ref: UUID
    case_ref: UUID
    version: int
    state: IncidentState
    reported_at: datetime
    changed_at: datetime


def report(
    ref: UUID, case_ref: UUID, form: IncidentBlock, latest: datetime | None, at: datetime
) -> tuple[Incident, IncidentReported]:
    """Return the incident and the fact that makes it known; raises `CaseStepNotPossible` for one that is yet to come.

    `latest` is when the last one before it was reported, if there was one.
    """
    incident = Incident(ref, case_ref, 1, IncidentState.RECORDED, at, at)
    again = latest is not None and at - latest <= REPEATS_WITHIN
    return incident, IncidentReported(repeat_incident=again, **_fields(IncidentReported, incident, form, at))


def correct(
    incident: Incident, form: IncidentBlock, changed: tuple[IncidentChange, ...], at: datetime
) -> tuple[Incident, IncidentUpdated]:
    """Return the next version and its fact; a closed incident is reopened before anything else is done to it."""
    closes, reopens = IncidentChange.CLOSED in changed, IncidentChange.REOPENED in changed
    if closes and reopens:
        raise CaseStepNotPossible("closed_and_reopened")
    if reopens != (incident.state is IncidentState.CLOSED):
        raise CaseStepNotPossible("not_closed" if reopens else "closed")
    state = IncidentState.CLOSED if closes else IncidentState.RECORDED
    newer = replace(incident, version=incident.version + 1, state=state, changed_at=at)
    fields = _fields(IncidentUpdated, newer, form, incident.reported_at)
    return newer, IncidentUpdated(**fields | {"changed": changed})


def check_police_report(block: IncidentBlock, *, own_police: bool, released_to_police: bool) -> None:
    """Refuse to call a report submitted that no release lets any police agency have."""
    submitted = block.police_report is PoliceReport.SUBMITTED
    if submitted and not (own_police or released_to_police):
        raise CaseStepNotPossible("release_needed")


def contexts(block: IncidentBlock) -> tuple[IncidentContext, ...]:
    """Return the contexts that follow from kind, relationship and age; none is guessed from silence."""
    kinds = frozenset(block.violence_types or ())
    sexual, minor = bool(kinds & SEXUAL), block.minor_involved is Bool3.YES
    candidates = [
        (block.relationship in INTIMATE, IncidentContext.INTIMATE_PARTNER_VIOLENCE),
        (sexual and minor, IncidentContext.CHILD_SEXUAL_ABUSE),
        (ViolenceType.FORCED_MARRIAGE in kinds and minor, IncidentContext.EARLY_MARRIAGE),
        (sexual and block.relationship is Relationship.EMPLOYER, IncidentContext.POSSIBLE_SEXUAL_EXPLOITATION),
        (sexual and ViolenceType.TRAFFICKING in kinds, IncidentContext.POSSIBLE_SEXUAL_SLAVERY),
    ]
    return tuple(context for holds, context in candidates if holds)


def elapsed_band(occurred_on: date | None, precision: DatePrecision | None, reported_on: date) -> ElapsedBand | None:
    """Return how many whole days went by, in a band; None where the day is not known."""
    if occurred_on is None or precision not in (None, DatePrecision.DAY):
        return None
    days = (reported_on - occurred_on).days
    if days < -1:
        raise CaseStepNotPossible("yet_to_come")
    # A day ahead is the same night in another time zone.
    return next((band for last, band in BANDS if days <= last), ElapsedBand.OVER_A_MONTH)


def _fields(kind: type[Categorised], incident: Incident, form: IncidentBlock, reported_at: datetime) -> dict[str, Any]:
    return form.values_for(kind) | {
        "case_ref": incident.case_ref,
        "incident_ref": incident.incident_ref,
        "version": incident.version,
        "reported_at": reported_at,
        "contexts": contexts(form),
        "elapsed_band": elapsed_band(form.occurred_on, form.date_precision, reported_at.date()),
    }
