"""What others tell of a case makes the review of its plan due the same day, whatever of it may be opened."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from runtime import disclosure
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import (
    AlertClosed,
    Fact,
    IncidentReported,
    IncidentUpdated,
    ProtectiveOrderExpired,
    ProtectiveOrderIssued,
    ProtectiveOrderServed,
    ProtectiveOrderVacated,
    ProtectiveOrderViolated,
)
from schemas.facts.protective_order import OrderFact
from services.intake.consumers import listen
from tests.services.intake.conftest import Desk
from tests.services.intake.test_assignment import assign
from tests.services.intake.test_plan_reviews import TOMORROW, reviews
from tests.support.delivery import Delivery
from tests.support.town import Town

WORKS_ON = "SELECT person_ref FROM carrying.task WHERE case_ref = %(ref)s AND reason = 'plan_review'"
HOTLINE, SHERIFF = "bay-hotline", "county-sheriff"
CHANGES = [
    (ProtectiveOrderServed, {"served_at": "2026-11-21T02:10:00Z"}, "order_served"),
    (ProtectiveOrderVacated, {"end_reason": "vacated"}, "order_ended"),
    (ProtectiveOrderExpired, {}, "order_ended"),
    (ProtectiveOrderViolated, {}, "order_violated"),
]


@pytest.fixture(scope="session")
def delivery(town: Town) -> Delivery:
    return Delivery(town, "intake", listen)


async def planned_case(desk: Desk, **plan: Any) -> tuple[UUID, UUID]:
    """Return a case with a plan in use, and how the sheriff knows it, who may tell the hotline of orders."""
    case_ref = await desk.case()
    await desk.town.take_part(case_ref)
    await desk.plan(case_ref, goals=["A bed"], **plan)
    await desk.town.direct(case_ref, SHERIFF, Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
    sheriff_ref = await desk.town.case_ref_of(case_ref, SHERIFF)
    categories = [DataCategory.ORDER_SERVICE, DataCategory.ORDER_TERMS, DataCategory.INCIDENT_SUMMARY]
    await desk.town.direct(sheriff_ref, HOTLINE, Purpose.ADVOCACY, categories)
    return case_ref, sheriff_ref


async def offer(desk: Desk, delivery: Delivery, *facts: Fact, by: str = SHERIFF) -> None:
    async with desk.town.unit("accord_law_enforcement_bridge", by) as unit:
        for fact in facts:
            await disclosure.offer(unit, fact)
        await unit.session.commit()
    await delivery.deliver(facts[0].case_ref, HOTLINE)


@pytest.mark.parametrize(("kind", "fields", "trigger"), CHANGES)
async def test_what_another_agency_tells_forces_a_review_today(
    desk: Desk, delivery: Delivery, kind: type[OrderFact], fields: dict[str, Any], trigger: str
) -> None:
    case_ref, sheriff_ref = await planned_case(desk)

    await offer(desk, delivery, kind(case_ref=sheriff_ref, order_ref=uuid4(), version=2, **fields))

    ((tomorrow,),) = desk.rows(TOMORROW)
    assert reviews(desk, case_ref) == [("open", trigger, tomorrow)]


async def test_a_closed_alert_forces_a_review_today(desk: Desk, delivery: Delivery) -> None:
    case_ref, sheriff_ref = await planned_case(desk)
    closed = {"alert_ref": uuid4(), "alert_outcome": "false_alarm", "closed_at": "2026-11-21T02:10:00Z"}

    await offer(desk, delivery, AlertClosed(case_ref=sheriff_ref, **closed))

    assert [row[:2] for row in reviews(desk, case_ref)] == [("open", "alert_closed")]


async def test_an_incident_told_by_another_agency_forces_a_review(desk: Desk, delivery: Delivery) -> None:
    case_ref, sheriff_ref = await planned_case(desk, next_review_on="2099-06-01")
    incident = {"case_ref": sheriff_ref, "incident_ref": uuid4(), "reported_at": "2026-11-21T02:10:00Z"}

    await offer(
        desk,
        delivery,
        IncidentReported(version=1, **incident),
        IncidentUpdated(version=2, changed=["correction"], **incident),
    )

    ((tomorrow,),) = desk.rows(TOMORROW)
    assert reviews(desk, case_ref) == [("open", "new_incident", tomorrow)]


async def test_the_agencys_own_incident_is_due_once(desk: Desk, delivery: Delivery) -> None:
    """The worker reads it after the plan was looked at already."""
    case_ref = await desk.case()
    await desk.plan(case_ref, goals=["A bed"])
    await desk.report(case_ref)
    await desk.plan(case_ref, 1, goals=["A bed", "A key"])

    await delivery.deliver(case_ref, HOTLINE)

    assert [row[0] for row in reviews(desk, case_ref)] == ["cancelled"]


async def test_a_message_that_comes_again_forces_no_second_review(desk: Desk, delivery: Delivery) -> None:
    case_ref, sheriff_ref = await planned_case(desk)
    await offer(desk, delivery, ProtectiveOrderExpired(case_ref=sheriff_ref, order_ref=uuid4(), version=2))
    await desk.plan(case_ref, 1, goals=["A bed", "A key"])

    await delivery.deliver(case_ref, HOTLINE)

    assert [row[0] for row in reviews(desk, case_ref)] == ["cancelled"]


async def test_the_task_is_of_whoever_works_on_the_case(desk: Desk, delivery: Delivery) -> None:
    case_ref, sheriff_ref = await planned_case(desk)
    await assign(desk.ana, case_ref, "mia")

    await offer(desk, delivery, ProtectiveOrderExpired(case_ref=sheriff_ref, order_ref=uuid4(), version=2))

    people = desk.rows(WORKS_ON, ref=case_ref)
    assert people == [("mia",)]


@pytest.mark.parametrize("planned", [True, False])
async def test_without_new_danger_or_a_plan_nothing_is_due(desk: Desk, delivery: Delivery, planned: bool) -> None:
    case_ref, sheriff_ref = await planned_case(desk)
    if not planned:
        await desk.plan(case_ref, 1, closed=True)
    kind = ProtectiveOrderIssued if planned else ProtectiveOrderExpired

    await offer(desk, delivery, kind(case_ref=sheriff_ref, order_ref=uuid4(), version=2))

    assert reviews(desk, case_ref) == []


async def test_what_no_release_opens_forces_nothing(desk: Desk, delivery: Delivery) -> None:
    """No permitted category, no message: what the hotline may not see makes nothing due there either."""
    case_ref = await desk.case()
    await desk.town.take_part(case_ref)
    await desk.plan(case_ref, goals=["A bed"])
    await desk.town.direct(case_ref, SHERIFF, Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
    sheriff_ref = await desk.town.case_ref_of(case_ref, SHERIFF)

    await offer(desk, delivery, ProtectiveOrderExpired(case_ref=sheriff_ref, order_ref=uuid4(), version=2))

    assert reviews(desk, case_ref) == []
