"""A protective order was asked for, issued, served, changed, broken or ended."""

from typing import ClassVar

from schemas.categories import (
    AllegedOffender,
    Children,
    Identity,
    Location,
    OrderService,
    OrderTerms,
    WeaponsRisk,
)
from schemas.codes import (
    AgeBand,
    Bool3,
    EndReason,
    Modification,
    OrderExpiry,
    OrderStatus,
    OrderType,
    PcoCode,
    ServiceFailure,
    ServiceStatus,
)
from schemas.facts.categorised import Categorised
from schemas.facts.fact import CjiMarks, Fact
from schemas.facts.survivor import Address
from schemas.strict_model import NestedModel
from schemas.values import AgencyRef, Day, Instant, Items, Ref, Slug, Text200, Text2000, TimeZone, Version


class OrderPerson(NestedModel):
    """The petitioner, or someone the order protects."""

    given_name: Text200 | None = None
    family_name: Text200 | None = None
    born_on: Day | None = None
    sex: Text200 | None = None
    race: Text200 | None = None


class ProtectedChild(NestedModel):
    """A child the order protects."""

    child_ref: Ref | None = None
    given_name: Text200 | None = None
    family_name: Text200 | None = None
    age_band: AgeBand | None = None


class Respondent(NestedModel):
    """Whom the order restrains, as far as a records system asks for it."""

    respondent_ref: Ref | None = None
    name: Text200
    sex: Text200 | None = None
    race: Text200 | None = None
    born_on: Day | None = None
    height: Text200 | None = None
    weight: Text200 | None = None
    hair: Text200 | None = None


class Condition(NestedModel):
    """A condition of the order, and whether it was broken."""

    pco_code: PcoCode
    text: Text2000 | None = None
    violated: Bool3 | None = None
    violated_on: Day | None = None


class OrderTermsBlock(Categorised):
    """What the court's paper says."""

    order_number: OrderTerms[Text200 | None] = None
    court_name: OrderTerms[Text200 | None] = None
    court_ori: OrderTerms[Text200 | None] = None
    court_time_zone: OrderTerms[TimeZone | None] = None  # a dated order ends with its day in the court's zone
    docket_number: OrderTerms[Text200 | None] = None
    agency_ori: OrderTerms[Text200 | None] = None
    agency_case_number: OrderTerms[Text200 | None] = None
    jurisdiction: OrderTerms[Slug | None] = None
    enforcing_agency_ref: OrderTerms[AgencyRef | None] = None
    order_type: OrderTerms[OrderType | None] = None
    requested_on: OrderTerms[Day | None] = None
    issued_on: OrderTerms[Day | None] = None
    effective_on: OrderTerms[Day | None] = None
    expires_on: OrderTerms[Day | None] = None
    expiry: OrderTerms[OrderExpiry | None] = None
    conditions: OrderTerms[Items[Condition] | None] = None
    brady: OrderTerms[Bool3 | None] = None
    stay_away_places: Location[Items[Address] | None] = None
    petitioner: Identity[OrderPerson | None] = None
    protected_persons: Identity[Items[OrderPerson] | None] = None
    protected_children: Children[Items[ProtectedChild] | None] = None
    respondents: AllegedOffender[Items[Respondent] | None] = None
    service_caution: WeaponsRisk[Text2000 | None] = None
    firearm_purchase_attempt_on: WeaponsRisk[Day | None] = None


class HearingBlock(Categorised):
    """When and where the court hears it; where the survivor will be is a location (law R4)."""

    hearing_at: OrderTerms[Instant | None] = None
    # ADR 0022: a court is public, but which court, and when, tells where somebody will be.
    hearing_place: Location[Address | None] = None


class OrderBlock(OrderTermsBlock, HearingBlock):
    """What a person records of an order; `status` is what the court decided, not what we make of it."""

    status: OrderTerms[OrderStatus | None] = None


class OrderServiceBlock(Categorised):
    """What an officer records of serving an order on one respondent."""

    respondent_ref: OrderService[Ref | None] = None
    received_on: OrderService[Day | None] = None
    attempts: OrderService[Items[Day] | None] = None
    served_at: OrderService[Instant | None] = None
    failure_reason: OrderService[ServiceFailure | None] = None


class ViolationBlock(Categorised):
    """What police record when an order is broken; the order stays what it was."""

    violated_on: OrderTerms[Day | None] = None
    violated_conditions: OrderTerms[Items[PcoCode] | None] = None


class ModificationBlock(OrderBlock):
    """The terms as they now are, and what kind of change made them so."""

    modification: OrderTerms[Modification]


class OrderEndBlock(Categorised):
    """When and why an order ended before its date."""

    ended_on: OrderTerms[Day | None] = None
    end_reason: OrderTerms[EndReason]


class OrderFact(CjiMarks, Fact, OrderBlock, OrderServiceBlock):
    """What every fact about an order carries besides: set by the service, never by a form."""

    order_ref: OrderTerms[Ref]
    version: OrderTerms[Version]
    enforceable_before_service: OrderTerms[Bool3 | None] = None  # varies by place, so the profile says it
    service_status: OrderService[ServiceStatus | None] = None


class ProtectiveOrderRequested(OrderFact):
    """An order was asked for."""

    type: ClassVar[str] = "accord.protective_order.requested.v1"


class ProtectiveOrderIssued(OrderFact):
    """A court issued an order, or one from elsewhere was registered."""

    type: ClassVar[str] = "accord.protective_order.issued.v1"


class ProtectiveOrderServed(OrderFact):
    """An order was served on a respondent."""

    type: ClassVar[str] = "accord.protective_order.served.v1"

    served_at: OrderService[Instant]


class ProtectiveOrderServiceFailed(OrderFact):
    """An order could not be served."""

    type: ClassVar[str] = "accord.protective_order.service_failed.v1"

    failure_reason: OrderService[ServiceFailure]


class ProtectiveOrderHearingSet(OrderFact):
    """A hearing was set, or its date changed."""

    type: ClassVar[str] = "accord.protective_order.hearing_set.v1"

    hearing_at: OrderTerms[Instant]


class ProtectiveOrderModified(OrderFact, ModificationBlock):
    """An order changed, or was recorded wrongly and is now right."""

    type: ClassVar[str] = "accord.protective_order.modified.v1"


class ProtectiveOrderViolated(OrderFact, ViolationBlock):
    """An order was broken."""

    type: ClassVar[str] = "accord.protective_order.violated.v1"


class ProtectiveOrderExpiring(OrderFact):
    """An order's end is near."""

    type: ClassVar[str] = "accord.protective_order.expiring.v1"

    expires_on: OrderTerms[Day]


class ProtectiveOrderExpired(OrderFact):
    """An order's date has passed."""

    type: ClassVar[str] = "accord.protective_order.expired.v1"

    ended_on: OrderTerms[Day | None] = None


class ProtectiveOrderVacated(OrderFact, OrderEndBlock):
    """An order ended before its date."""

    type: ClassVar[str] = "accord.protective_order.vacated.v1"
