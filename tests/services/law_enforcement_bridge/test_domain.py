"""What a protective order may become, and its service on each respondent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.codes import OrderStatus, ServiceStatus
from services.law_enforcement_bridge import domain
from services.law_enforcement_bridge.domain import (
    NotYet,
    Order,
    OrderStepNotPossible,
    RespondentNeeded,
    RespondentRefNeeded,
    Service,
    UnknownRespondent,
)
from services.law_enforcement_bridge.entry_checklist import missing_to_enter
from services.law_enforcement_bridge.requests import (
    EndRequest,
    HearingRequest,
    IssuanceRequest,
    ModificationRequest,
    OrderRequest,
    ServiceRequest,
    ViolationRequest,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NEXT = count(1000)
ZONES = ("America/Chicago", "America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu", "UTC", "Pacific/Pago_Pago")


def a_ref() -> UUID:
    return UUID(int=next(NEXT))


def an_order(status: str = "temporary", at: datetime = NOON, **fields: Any) -> Order:
    return recorded(status, at, **fields)[0]


def recorded(status: str = "temporary", at: datetime = NOON, **fields: Any) -> tuple[Order, Any]:
    form = OrderRequest(**{"status": status} | fields)
    return domain.record(
        form, form.status, order_ref=a_ref(), case_ref=a_ref(), agency_id="county-sheriff", new_ref=a_ref, now=at
    )


def issued_as(order: Order, status: str, **fields: Any) -> tuple[Order, Any]:
    form = IssuanceRequest(**{"status": status} | fields)
    return domain.issue(order, form, form.status, a_ref, NOON)


def reported(order: Order, form: ServiceRequest) -> tuple[Order, Any]:
    return domain.serve(order, form, form.service_status, NOON)


def in_status(status: OrderStatus) -> Order:
    return replace(an_order(), status=status)


STEPS: dict[str, Callable[[Order], tuple[Order, Any]]] = {
    "temporary": lambda order: issued_as(order, "temporary"),
    "final": lambda order: issued_as(order, "final"),
    "modify": lambda order: domain.modify(order, ModificationRequest(modification="clerical"), a_ref, NOON),
    "hearing": lambda order: domain.set_hearing(order, HearingRequest(hearing_at=NOON), NOON),
    "violation": lambda order: domain.note_violation(order, ViolationRequest(), NOON),
    "end": lambda order: domain.end(order, EndRequest(end_reason="dismissed"), NOON),
    "in_hand": lambda order: reported(order, ServiceRequest(service_status="in_hand")),
}
TABLE = {
    ("requested", "temporary"): "temporary",
    ("requested", "final"): "final",
    ("requested", "hearing"): "requested",
    ("requested", "end"): "vacated",
    ("temporary", "final"): "final",
    ("temporary", "modify"): "temporary",
    ("temporary", "hearing"): "temporary",
    ("temporary", "violation"): "temporary",
    ("temporary", "end"): "vacated",
    ("temporary", "in_hand"): "temporary",
    ("final", "modify"): "final",
    ("final", "hearing"): "final",
    ("final", "violation"): "final",
    ("final", "end"): "vacated",
    ("final", "in_hand"): "final",
}


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_possible_exactly_where_the_table_has_it(status: OrderStatus, step: str) -> None:
    order = in_status(status)
    arrives = TABLE.get((status, step))

    if arrives is None:
        with pytest.raises(OrderStepNotPossible):
            STEPS[step](order)
    else:
        moved, fact = STEPS[step](order)
        assert (moved.status, moved.version) == (arrives, order.version + 1)
        assert fact is None or (fact.status, fact.version) == (arrives, moved.version)


@pytest.mark.parametrize(
    ("status", "type_name"),
    [("requested", "requested"), ("temporary", "issued"), ("final", "issued")],
)
def test_what_is_recorded_was_asked_for_or_issued(status: str, type_name: str) -> None:
    _, fact = recorded(status, court_name="County Court")

    assert fact.type == f"accord.protective_order.{type_name}.v1"
    assert fact.court_name == "County Court"


def test_an_order_is_not_recorded_as_ended() -> None:
    for status in ("expired", "vacated"):
        with pytest.raises(ValidationError):
            OrderRequest(status=status)


def test_service_begins_with_the_issue_for_each_respondent() -> None:
    requested, _ = recorded("requested", respondents=[{"name": "R"}, {"name": "Q"}])

    issued, fact = issued_as(requested, "temporary")

    assert [line.status for line in requested.service] == [None, None]
    assert [line.status for line in issued.service] == ["pending", "pending"]
    assert fact.service_status == "pending"


def test_each_respondent_goes_by_a_reference_that_we_made() -> None:
    order, fact = recorded(respondents=[{"name": "R"}, {"name": "Q"}])

    assert [respondent.respondent_ref for respondent in fact.respondents] == [
        line.respondent_ref for line in order.service
    ]
    with pytest.raises(UnknownRespondent):
        recorded(respondents=[{"name": "R", "respondent_ref": a_ref()}])


def test_a_respondent_is_not_named_twice() -> None:
    order = an_order(respondents=[{"name": "R"}])
    again = {"name": "R", "respondent_ref": order.service[0].respondent_ref}

    with pytest.raises(UnknownRespondent):
        domain.modify(order, ModificationRequest(modification="correction", respondents=[again, again]), a_ref, NOON)


def test_an_order_without_a_named_respondent_can_be_served() -> None:
    order = an_order()

    assert [line.status for line in order.service] == ["pending"]


SERVED = {"service_status": "served", "served_at": NOON}
FAILED = {"service_status": "failed", "failure_reason": "not_found"}
IN_HAND = {"service_status": "in_hand"}
SERVICE_TABLE = {
    ("pending", "in_hand"),
    ("failed", "in_hand"),
    ("in_hand", "served"),
    ("in_hand", "failed"),
}


@pytest.mark.parametrize("status", ServiceStatus)
@pytest.mark.parametrize("report", [IN_HAND, SERVED, FAILED], ids=lambda report: report["service_status"])
def test_service_goes_the_way_of_its_table(status: ServiceStatus, report: dict[str, Any]) -> None:
    order = replace(an_order(), service=(Service(a_ref(), status),))
    arrives = report["service_status"]

    if (status, arrives) not in SERVICE_TABLE:
        with pytest.raises(OrderStepNotPossible):
            reported(order, ServiceRequest(**report))
    else:
        served, fact = reported(order, ServiceRequest(**report))
        assert served.service[0].status == arrives
        assert (fact is None) == (arrives == "in_hand")


def test_one_respondent_is_served_and_the_other_waits() -> None:
    order = an_order(respondents=[{"name": "R"}, {"name": "Q"}])
    first, second = (line.respondent_ref for line in order.service)
    in_hand, _ = reported(order, ServiceRequest(service_status="in_hand", respondent_ref=first))

    served, fact = reported(in_hand, ServiceRequest(**SERVED, respondent_ref=first))

    lines = [(line.respondent_ref, line.status) for line in served.service]
    assert lines == [(first, ServiceStatus.SERVED), (second, ServiceStatus.PENDING)]
    assert (fact and fact.respondent_ref) == first


def test_of_several_respondents_one_is_named() -> None:
    order = an_order(respondents=[{"name": "R"}, {"name": "Q"}])

    with pytest.raises(RespondentNeeded):
        reported(order, ServiceRequest(**IN_HAND))
    with pytest.raises(UnknownRespondent):
        reported(order, ServiceRequest(**IN_HAND, respondent_ref=a_ref()))


def test_nothing_was_served_tomorrow() -> None:
    order, _ = reported(an_order(), ServiceRequest(**IN_HAND))

    with pytest.raises(NotYet):
        reported(order, ServiceRequest(service_status="served", served_at=NOON + DAY))


def test_an_officers_clock_may_be_a_little_ahead() -> None:
    order, _ = reported(an_order(), ServiceRequest(**IN_HAND))

    served, _ = reported(order, ServiceRequest(service_status="served", served_at=NOON + DAY / 1440))

    assert served.service[0].status == "served"


@pytest.mark.parametrize(
    "report",
    [
        {"service_status": "served"},
        {"service_status": "failed"},
        {"service_status": "failed", "failure_reason": "other", "served_at": NOON},
        {"service_status": "served", "served_at": NOON, "failure_reason": "other"},
        {"service_status": "in_hand", "attempts": [NOON.date()]},
        {"service_status": "pending"},
    ],
)
def test_a_report_of_service_says_what_happened_and_no_more(report: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ServiceRequest(**report)


def test_changed_terms_need_new_service_but_clerical_ones_do_not() -> None:
    served = replace(an_order(), service=(Service(a_ref(), ServiceStatus.SERVED),))

    clerical, _ = domain.modify(served, ModificationRequest(modification="clerical"), a_ref, NOON)
    terms, fact = domain.modify(served, ModificationRequest(modification="terms"), a_ref, NOON)

    assert clerical.service[0].status == "served"
    assert (terms.service[0].status, fact.service_status) == ("pending", "pending")


def test_a_change_does_not_say_whether_the_order_stands() -> None:
    with pytest.raises(ValidationError):
        ModificationRequest(modification="terms", status="vacated")


def test_an_order_ends_with_its_day_in_the_courts_zone() -> None:
    order = an_order(expires_on=date(2026, 7, 1), court_time_zone="America/Chicago")

    assert order.ends_at == datetime(2026, 7, 2, 5, tzinfo=UTC)
    assert order.ends_on == date(2026, 7, 1)


def test_without_a_zone_the_day_ends_where_days_end_last() -> None:
    order = an_order(expires_on=date(2026, 7, 1))

    assert order.ends_at == datetime(2026, 7, 2, 12, tzinfo=UTC)


@given(day=st.dates(date(1980, 1, 1), date(2999, 12, 31)), zone=st.sampled_from(ZONES))
def test_the_last_day_is_the_one_that_was_named_in_every_zone(day: date, zone: str) -> None:
    assert an_order(expires_on=day, court_time_zone=zone).ends_on == day


@pytest.mark.parametrize("expiry", ["none", "unknown", None])
def test_an_order_without_a_day_is_never_ended_by_the_clock(expiry: str | None) -> None:
    order = an_order(expiry=expiry)

    assert (order.ends_at, order.next_at) == (None, None)
    with pytest.raises(OrderStepNotPossible):
        domain.pass_time(order, NOON + 10_000 * DAY)


@pytest.mark.parametrize(
    "fields",
    [
        {"expiry": "dated"},
        {"expiry": "none", "expires_on": "2026-07-01"},
        {"expires_on": "9999-12-31"},
        {"expires_on": "2026-07-01", "court_time_zone": "America"},
        {"court_time_zone": "Nowhere/Else"},
    ],
)
def test_an_end_that_contradicts_itself_is_no_end(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        OrderRequest(status="final", **fields)


def test_an_order_is_flagged_at_30_and_7_days_and_then_expires() -> None:
    order = an_order("final", expires_on=date(2026, 7, 1), court_time_zone="UTC")
    steps: list[tuple[Any, str]] = []
    while order.next_at is not None:
        at = order.next_at
        order, fact = domain.pass_time(order, at)
        steps.append((at.date(), fact.type.split(".")[2]))

    assert steps == [(date(2026, 6, 2), "expiring"), (date(2026, 6, 25), "expiring"), (date(2026, 7, 2), "expired")]
    assert order.status == "expired"


def test_a_warning_is_no_step() -> None:
    order = an_order("final", expires_on=date(2026, 7, 1))

    warned, fact = domain.pass_time(order, order.next_at or NOON)

    assert (warned.version, fact.version) == (order.version, order.version)


def test_a_renewed_order_ends_later_in_the_zone_it_had() -> None:
    order = an_order("final", expires_on=date(2026, 7, 1), court_time_zone="America/Chicago")

    form = ModificationRequest(modification="renewal", expires_on="2027-07-01")
    renewed, _ = domain.modify(order, form, a_ref, NOON)

    assert renewed.ends_at == datetime(2027, 7, 2, 5, tzinfo=UTC)


def test_a_final_order_does_not_end_with_the_temporary_one() -> None:
    temporary = an_order(expires_on=date(2026, 3, 20))

    final, _ = issued_as(temporary, "final", expiry="none")

    assert (final.ends_at, final.next_at) == (None, None)


def test_an_order_recorded_after_its_end_expires_at_the_next_job() -> None:
    order = an_order("final", expires_on=date(2026, 1, 1))

    over, fact = domain.pass_time(order, NOON)

    assert (over.status, fact.status) == ("expired", "expired")


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_no_walk_leaves_an_end(walk: list[str]) -> None:
    order = an_order("requested")
    for step in walk:
        before = order
        try:
            order, _ = STEPS[step](before)
        except OrderStepNotPossible:
            continue
        assert before.status not in ("expired", "vacated")
        assert (order.order_ref, order.case_ref, order.agency_id) == (
            before.order_ref,
            before.case_ref,
            before.agency_id,
        )


def test_what_an_order_file_would_ask_for_is_listed_by_name() -> None:
    whole: dict[str, Any] = {name: "x" for name in ("court_ori", "docket_number", "agency_ori", "agency_case_number")}
    r = {"name": "R", "sex": "M", "race": "W", "born_on": "1980-01-01", "height": "600", "weight": "180"}
    fields: dict[str, Any] = {
        "order_type": "final",
        "petitioner": {},
        "issued_on": "2026-03-01",
        "expiry": "none",
        "respondents": [r],
    }
    order = an_order("final", **fields, **whole)

    assert missing_to_enter(order) == ("respondents.0.hair",)
    assert "court_ori" in missing_to_enter(an_order("final"))


def test_d4_a_respondent_named_anew_is_not_made_twice() -> None:
    requested = an_order("requested", respondents=[{"name": "Zqman"}])

    with pytest.raises(RespondentRefNeeded):
        issued_as(requested, "temporary", respondents=[{"name": "Zqman"}])
    with pytest.raises(RespondentRefNeeded):
        domain.modify(
            an_order(respondents=[{"name": "Zqman"}]),
            ModificationRequest(modification="correction", respondents=[{"name": "Zqman"}]),
            a_ref,
            NOON,
        )


def test_d4_by_their_reference_they_stay_who_they_are() -> None:
    requested = an_order("requested", respondents=[{"name": "Zqman"}])
    respondent = {"name": "Zqman", "hair": "BRO", "respondent_ref": requested.service[0].respondent_ref}

    issued, _ = issued_as(requested, "temporary", respondents=[respondent])
    more, _ = issued_as(requested, "temporary", respondents=[respondent, {"name": "Q"}])

    assert [line.respondent_ref for line in issued.service] == [requested.service[0].respondent_ref]
    assert "respondents.0.hair" not in missing_to_enter(issued)
    assert len(more.service) == 2


def test_d4_what_is_missing_is_missing_of_the_order() -> None:
    requested = an_order("requested", respondents=[{"name": "Zqman"}], court_ori="X", expires_on="2027-01-01")

    issued, _ = issued_as(requested, "temporary")

    missing = missing_to_enter(issued)
    assert "respondents" not in missing
    assert "court_ori" not in missing
    assert "expires_on" in missing
