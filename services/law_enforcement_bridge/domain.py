"""What a protective order may become, and its service on each respondent.

A step returns the order and its fact.  Service and violation are no status; the clock ends no order without a date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.codes import Modification, OrderExpiry, OrderStatus, ServiceStatus
from schemas.facts.categorised import Categorised
from schemas.facts.protective_order import (
    HearingBlock,
    ModificationBlock,
    OrderEndBlock,
    OrderFact,
    OrderServiceBlock,
    OrderTermsBlock,
    ProtectiveOrderExpired,
    ProtectiveOrderExpiring,
    ProtectiveOrderHearingSet,
    ProtectiveOrderIssued,
    ProtectiveOrderModified,
    ProtectiveOrderRequested,
    ProtectiveOrderServed,
    ProtectiveOrderServiceFailed,
    ProtectiveOrderVacated,
    ProtectiveOrderViolated,
    Respondent,
    ViolationBlock,
)
from services.law_enforcement_bridge.entry_checklist import entered_by, entered_of

IN_FORCE: Final = frozenset({OrderStatus.TEMPORARY, OrderStatus.FINAL})
STANDING: Final = IN_FORCE | {OrderStatus.REQUESTED}
ISSUED_AFTER: Final = {
    OrderStatus.TEMPORARY: frozenset({OrderStatus.REQUESTED}),
    OrderStatus.FINAL: frozenset({OrderStatus.REQUESTED, OrderStatus.TEMPORARY}),
}
SERVICE_AFTER: Final = {
    ServiceStatus.IN_HAND: frozenset({ServiceStatus.PENDING, ServiceStatus.FAILED}),
    ServiceStatus.SERVED: frozenset({ServiceStatus.IN_HAND}),
    ServiceStatus.FAILED: frozenset({ServiceStatus.IN_HAND}),
}
WARNED_BEFORE: Final = (timedelta(days=30), timedelta(days=7))
CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)  # an officer's device may be ahead of the database
# Where the court's zone is not said, its day ends where days end last: an order is never called over too early.
LAST_ON_EARTH: Final = timezone(timedelta(hours=-12))

F = TypeVar("F", bound=OrderFact)
NewRef = Callable[[], UUID]


class OrderStepNotPossible(Exception):
    """In its present state the order, or its service, cannot take this step."""


class UnknownRespondent(Exception):
    """The order names no such respondent."""


class RespondentNeeded(Exception):
    """An order with several respondents is served on one of them, by name."""


class RespondentRefNeeded(Exception):
    """A list names somebody anew and leaves out whom the order names already: it may be the same person."""


class NotYet(Exception):
    """What is reported lies in the future."""


@dataclass(frozen=True, slots=True)
class Service:
    """How far service on one respondent has come; None until a court has issued the order."""

    respondent_ref: UUID
    status: ServiceStatus | None
    entered: frozenset[str] = frozenset()  # what an order file asks of a respondent and was recorded, by name


@dataclass(frozen=True, slots=True)
class Order:
    """An order as this service keeps it: references, states and instants; what the paper says lies sealed."""

    order_ref: UUID
    case_ref: UUID
    agency_id: str
    status: OrderStatus
    version: int
    recorded_at: datetime
    changed_at: datetime
    service: tuple[Service, ...]
    ends_at: datetime | None = None  # the end of its last day in the court's zone
    ends_offset: int | None = None  # that zone's distance from UTC then, in minutes
    next_at: datetime | None = None  # when the clock looks at it next
    entered: frozenset[str] = frozenset()  # what an order file asks for and was recorded, by name

    @property
    def ends_on(self) -> date | None:
        """Return the order's last day by the court's calendar."""
        if self.ends_at is None or self.ends_offset is None:
            return None
        local = self.ends_at.astimezone(timezone(timedelta(minutes=self.ends_offset)))
        return local.date() - timedelta(days=1)


def record(
    form: OrderTermsBlock,
    status: OrderStatus,
    *,
    order_ref: UUID,
    case_ref: UUID,
    agency_id: str,
    new_ref: NewRef,
    now: datetime,
) -> tuple[Order, OrderFact]:
    """Return the order that `form` tells of, recorded at `now`, and the fact that it was asked for or issued."""
    blank = Order(order_ref, case_ref, agency_id, status, 1, now, now, (), entered=entered_by(form))
    named, service = _respondents(form.respondents, (), new_ref)
    if status is OrderStatus.REQUESTED:
        order = replace(blank, service=service)
        return order, _fact(ProtectiveOrderRequested, order, form, respondents=named)
    order = replace(_ending(blank, form, now), service=_pending(service, new_ref))
    return order, _fact(ProtectiveOrderIssued, order, form, respondents=named, service_status=ServiceStatus.PENDING)


def issue(
    order: Order, form: OrderTermsBlock, status: OrderStatus, new_ref: NewRef, now: datetime
) -> tuple[Order, ProtectiveOrderIssued]:
    """Return the order as the court issued it, to be served anew, and its fact."""
    if order.status not in ISSUED_AFTER[status]:
        raise OrderStepNotPossible
    named, service = _respondents(form.respondents, order.service, new_ref)
    issued = _ending(replace(_next(order, now), status=status, ends_at=None, ends_offset=None), form, now)
    # The paper says anew when the order ends; all else that was recorded of it still stands.
    entered = order.entered - {"expires_on"} | entered_by(form)
    issued = replace(issued, service=_pending(service, new_ref), entered=entered)
    return issued, _fact(ProtectiveOrderIssued, issued, form, respondents=named, service_status=ServiceStatus.PENDING)


def modify(
    order: Order, form: ModificationBlock, new_ref: NewRef, now: datetime
) -> tuple[Order, ProtectiveOrderModified]:
    """Return the changed order and its fact; changed terms are to be served anew."""
    if order.status not in IN_FORCE:
        raise OrderStepNotPossible
    named, service = _respondents(form.respondents, order.service, new_ref)
    changed = _next(order, now)
    if form.expires_on is not None or form.expiry is not None:
        changed = _ending(changed, form, now)
    if form.modification is Modification.TERMS:
        service = _pending(service, new_ref)
    entered = order.entered | entered_by(form)
    if form.expiry is OrderExpiry.UNKNOWN:
        entered -= {"expires_on"}
    changed = replace(changed, service=service, entered=entered)
    anew = ServiceStatus.PENDING if form.modification is Modification.TERMS else None
    return changed, _fact(ProtectiveOrderModified, changed, form, respondents=named, service_status=anew)


def set_hearing(order: Order, form: HearingBlock, now: datetime) -> tuple[Order, ProtectiveOrderHearingSet]:
    """Return the order and the fact of its hearing, or of its new date."""
    if order.status not in STANDING:
        raise OrderStepNotPossible
    updated = _next(order, now)
    return updated, _fact(ProtectiveOrderHearingSet, updated, form)


def note_violation(order: Order, form: ViolationBlock, now: datetime) -> tuple[Order, ProtectiveOrderViolated]:
    """Return the order, which stays what it was, and the fact that it was broken."""
    if order.status not in IN_FORCE:
        raise OrderStepNotPossible
    broken = _next(order, now)
    return broken, _fact(ProtectiveOrderViolated, broken, form)


def end(order: Order, form: OrderEndBlock, now: datetime) -> tuple[Order, ProtectiveOrderVacated]:
    """Return the order, ended before its date, and its fact."""
    if order.status not in STANDING:
        raise OrderStepNotPossible
    ended = replace(_next(order, now), status=OrderStatus.VACATED, next_at=None)
    return ended, _fact(ProtectiveOrderVacated, ended, form)


def serve(
    order: Order, form: OrderServiceBlock, status: ServiceStatus, now: datetime
) -> tuple[Order, OrderFact | None]:
    """Return the order with its service as reported, and the fact; taking an order in hand gives no fact."""
    if order.status not in IN_FORCE:
        raise OrderStepNotPossible
    on = _served_on(order, form.respondent_ref)
    if on.status not in SERVICE_AFTER[status]:
        raise OrderStepNotPossible
    if form.served_at is not None and form.served_at > now + CLOCKS_DIFFER_BY:
        raise NotYet
    reported = replace(on, status=status)
    served = replace(_next(order, now), service=tuple(reported if line is on else line for line in order.service))
    if status is ServiceStatus.IN_HAND:
        return served, None
    kind = ProtectiveOrderServed if status is ServiceStatus.SERVED else ProtectiveOrderServiceFailed
    return served, _fact(kind, served, form, respondent_ref=on.respondent_ref, service_status=status)


def pass_time(order: Order, now: datetime) -> tuple[Order, OrderFact]:
    """Return the order at `now`, and the fact that its end is near or has passed.

    A warning is no step: the version stays, so that a change on its way is not refused as stale.
    """
    if order.status not in IN_FORCE or order.ends_at is None or order.next_at is None or order.next_at > now:
        raise OrderStepNotPossible
    last_day = order.ends_on
    if order.ends_at <= now:
        over = replace(_next(order, now), status=OrderStatus.EXPIRED, next_at=None)
        return over, _fact(ProtectiveOrderExpired, over, None, expires_on=last_day, ended_on=last_day)
    warned = replace(order, next_at=_looked_at_next(order.ends_at, now))
    return warned, _fact(ProtectiveOrderExpiring, warned, None, expires_on=last_day)


def _next(order: Order, now: datetime) -> Order:
    return replace(order, version=order.version + 1, changed_at=now)


def _ending(order: Order, form: OrderTermsBlock, now: datetime) -> Order:
    """Return the order with the end that `form` names, or without one."""
    if form.expires_on is None or form.expiry in (OrderExpiry.NONE, OrderExpiry.UNKNOWN):
        return replace(order, ends_at=None, ends_offset=None, next_at=None)
    midnight = datetime.combine(form.expires_on + timedelta(days=1), time.min, _zone(order, form))
    offset = midnight.utcoffset() or timedelta()
    ends_at = midnight.astimezone(UTC)
    next_at = _looked_at_next(ends_at, now)
    return replace(order, ends_at=ends_at, ends_offset=int(offset.total_seconds() // 60), next_at=next_at)


def _zone(order: Order, form: OrderTermsBlock) -> tzinfo:
    if form.court_time_zone is not None:
        return ZoneInfo(form.court_time_zone)
    return LAST_ON_EARTH if order.ends_offset is None else timezone(timedelta(minutes=order.ends_offset))


def _looked_at_next(ends_at: datetime, now: datetime) -> datetime:
    """Return the next instant after `now` at which the order is to be flagged or ended."""
    warnings = (ends_at - before for before in WARNED_BEFORE)
    return next((at for at in warnings if at > now), ends_at)


def _respondents(
    named: Sequence[Respondent] | None, service: tuple[Service, ...], new_ref: NewRef
) -> tuple[tuple[Respondent, ...] | None, tuple[Service, ...]]:
    """Return the respondents, each with a reference, and the service lines with those that are new.

    Names lie sealed, so nobody here can tell whether a name without a reference is one the order has.  Somebody is new
    only in a list that repeats all whom the order names, each by its reference.
    """
    if named is None:
        return None, service
    named_refs = {respondent.respondent_ref for respondent in named}
    line_refs = {line.respondent_ref for line in service}
    if named_refs - line_refs - {None}:
        raise UnknownRespondent
    if None in named_refs and line_refs - named_refs:
        raise RespondentRefNeeded
    referred = tuple(
        respondent.model_copy(update={"respondent_ref": respondent.respondent_ref or new_ref()}) for respondent in named
    )
    if len({respondent.respondent_ref for respondent in referred}) < len(referred):
        raise UnknownRespondent
    entered = {respondent.respondent_ref: entered_of(respondent) for respondent in referred}
    old = tuple(replace(line, entered=line.entered | entered.pop(line.respondent_ref, frozenset())) for line in service)
    new = tuple(Service(ref, None, names) for ref, names in entered.items() if ref is not None)
    return referred, old + new


def _pending(service: tuple[Service, ...], new_ref: NewRef) -> tuple[Service, ...]:
    """Return the service lines of an order to be served; there is one even where no respondent is named."""
    lines = service or (Service(new_ref(), None),)
    return tuple(replace(line, status=ServiceStatus.PENDING) for line in lines)


def _served_on(order: Order, respondent_ref: UUID | None) -> Service:
    if respondent_ref is None:
        if len(order.service) != 1:
            raise RespondentNeeded
        return order.service[0]
    for line in order.service:
        if line.respondent_ref == respondent_ref:
            return line
    raise UnknownRespondent


def _fact(kind: type[F], order: Order, form: Categorised | None, **more: Any) -> F:
    values = {} if form is None else form.values_for(kind)
    state = {"case_ref": order.case_ref, "order_ref": order.order_ref, "version": order.version, "status": order.status}
    return kind(**(values | state | more))
