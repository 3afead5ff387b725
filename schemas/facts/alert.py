"""An alert was raised, taken up or closed."""

from typing import ClassVar

from schemas.categories import IncidentSummary, Location
from schemas.codes import AlertKind, AlertOutcome
from schemas.facts.categorised import Categorised
from schemas.facts.fact import Fact
from schemas.facts.incident import WeaponsBlock
from schemas.facts.survivor import IdentityBlock, Position, SafeContactBlock
from schemas.values import AgencyRef, Instant, PersonRef, Ref, Text200


class AlertBlock(Categorised):
    """What a device, a survivor or staff says when raising an alert."""

    alert_kind: IncidentSummary[AlertKind]
    raised_at: IncidentSummary[Instant | None] = None
    note: IncidentSummary[Text200 | None] = None
    last_position: Location[Position | None] = None


class AlertRaised(Fact, AlertBlock, IdentityBlock, SafeContactBlock, WeaponsBlock):
    """Someone may be in danger now."""

    type: ClassVar[str] = "accord.alert.raised.v1"

    alert_ref: IncidentSummary[Ref]
    received_at: IncidentSummary[Instant]


class AlertAcknowledged(Fact):
    """Someone has taken an alert up."""

    type: ClassVar[str] = "accord.alert.acknowledged.v1"

    alert_ref: IncidentSummary[Ref]
    acknowledged_at: IncidentSummary[Instant]
    acknowledged_by: IncidentSummary[PersonRef | None] = None
    acknowledging_agency_ref: IncidentSummary[AgencyRef | None] = None


class AlertClosingBlock(Categorised):
    """What staff say when closing an alert."""

    alert_outcome: IncidentSummary[AlertOutcome]
    note: IncidentSummary[Text200 | None] = None


class AlertClosed(Fact, AlertClosingBlock):
    """An alert is over."""

    type: ClassVar[str] = "accord.alert.closed.v1"

    alert_ref: IncidentSummary[Ref]
    closed_at: IncidentSummary[Instant]
