"""What people send of orders: blocks of the contracts, and what only this service needs to know."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.categories import OrderService, OrderTerms, Routing
from schemas.codes import OrderExpiry, OrderStatus, ServiceStatus
from schemas.facts.fact import CjiMarks
from schemas.facts.protective_order import (
    HearingBlock,
    ModificationBlock,
    OrderBlock,
    OrderEndBlock,
    OrderServiceBlock,
    ViolationBlock,
)
from schemas.strict_model import StrictModel
from schemas.values import Day, Instant, Text200, TimeZone

FIRST_YEAR, LAST_YEAR = 1980, 2999


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise PydanticCustomError("time_zone", "a time zone that we do not know") from None
    return name


def _near_day(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PydanticCustomError("date", "no order ends then")
    return day


class Terms(OrderBlock, CjiMarks):
    """The court's paper, as far as it is known; its end must not contradict itself."""

    court_time_zone: OrderTerms[Annotated[TimeZone, AfterValidator(_known_zone)] | None] = None
    expires_on: OrderTerms[Annotated[Day, AfterValidator(_near_day)] | None] = None

    @model_validator(mode="after")
    def _end_on_a_day_or_say_why_not(self) -> Self:
        dated = self.expires_on is not None
        if self.expiry is not None and dated != (self.expiry is OrderExpiry.DATED):
            raise PydanticCustomError("expiry_contradicts", "an order is dated exactly when it names a day")
        return self


class OrderRequest(Terms):
    """An order to record, in a case of the agency's own, or in one that is opened for it."""

    case_ref: Routing[UUID | None] = None
    status: OrderTerms[Literal[OrderStatus.REQUESTED, OrderStatus.TEMPORARY, OrderStatus.FINAL]]


class IssuanceRequest(Terms):
    """What the court issued on a request, or after a temporary order: the whole of it, once more.

    Respondents whom the order names already go by the references that it was answered with, in `service`.
    """

    status: OrderTerms[Literal[OrderStatus.TEMPORARY, OrderStatus.FINAL]]


class ModificationRequest(Terms, ModificationBlock):
    """What changed. What is not named stays; whether the order stands is not changed in this way."""

    status: OrderTerms[None] = None


class ServiceRequest(OrderServiceBlock, CjiMarks):
    """What became of serving the order on one respondent."""

    service_status: OrderService[Literal[ServiceStatus.IN_HAND, ServiceStatus.SERVED, ServiceStatus.FAILED]]

    @model_validator(mode="after")
    def _say_what_happened(self) -> Self:
        served = self.service_status is ServiceStatus.SERVED
        if served != (self.served_at is not None):
            raise PydanticCustomError("served_at", "an order was served exactly when it says at which instant")
        if (self.service_status is ServiceStatus.FAILED) != (self.failure_reason is not None):
            raise PydanticCustomError("failure_reason", "a service failed exactly when it says why")
        # Taking it in hand is no fact, so nothing would keep what is said with it.
        if self.service_status is ServiceStatus.IN_HAND and (self.attempts is not None or self.received_on is not None):
            raise PydanticCustomError("not_kept", "attempts and receipt are told with the outcome")
        return self


class OrderSearchRequest(StrictModel):
    """The court's number of the order that somebody looks for: the whole number."""

    order_number: OrderTerms[Annotated[Text200, Field(min_length=1)]]


class HearingRequest(HearingBlock, CjiMarks):
    """A hearing, or its new date."""

    hearing_at: OrderTerms[Instant]


class ViolationRequest(ViolationBlock, CjiMarks):
    """A violation of an order in force."""


class EndRequest(OrderEndBlock, CjiMarks):
    """Why an order ended before its date."""
