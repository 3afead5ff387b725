"""Planning: one notice a cause, where the agency's own record says how the survivor may be reached."""

import asyncio
from uuid import UUID, uuid4

import pytest

from runtime import register
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.facts import ProtectiveOrderIssued, ProtectiveOrderRequested, ProtectiveOrderServed
from services.notifications import store
from services.notifications.dispatcher import LEASE
from tests.services.notifications.conftest import HOTLINE, Desk, a_channel, an_acceptance, an_incident

RESPONDENTS = [{"respondent_ref": str(uuid4()), "name": "R. heron-4417"}]


def an_order(kind: type[ProtectiveOrderIssued], case_ref: UUID) -> ProtectiveOrderIssued:
    return kind(case_ref=case_ref, order_ref=uuid4(), version=1, order_type="ex_parte", respondents=RESPONDENTS)


def contacts(desk: Desk, case_ref: UUID) -> dict[str, UUID]:
    query = "SELECT field, message_ref FROM notifications.contact WHERE case_ref = %(ref)s"
    return dict(desk.rows(query, ref=case_ref))


async def test_news_of_a_case_plans_one_notice_and_opens_nothing(desk: Desk) -> None:
    case_ref, before = await desk.case(a_channel()), len(desk.leaves())

    await desk.news(case_ref)

    (planned,) = await desk.listed(case_ref)
    assert (planned["kind"], planned["state"]) == ("referral_answered", "planned")
    assert len(desk.leaves()) == before


async def test_the_same_news_twice_or_at_two_workers_plans_one_notice(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref, deliver=False)
    letters = await desk.delivery.waiting(case_ref, HOTLINE)

    await asyncio.gather(*(desk.delivery.hand(letters, desk.delivery.another()) for _ in range(3)))
    desk.rows("DELETE FROM carrying.inbox WHERE consumer = 'notifications'")
    await desk.delivery.hand(letters)

    assert len(await desk.listed(case_ref)) == 1


async def test_two_pieces_of_news_plan_two_notices(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())

    await desk.news(case_ref)
    await desk.news(case_ref)

    assert len(await desk.listed(case_ref)) == 2


async def test_news_of_a_case_without_a_contact_plans_nothing(desk: Desk) -> None:
    case_ref = await desk.town.open_case(HOTLINE)

    await desk.news(case_ref)

    assert await desk.listed(case_ref) == []


async def test_released_facts_of_another_agency_plan_a_notice(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.town.direct(case_ref, "county-sheriff", Purpose.ORDER_ENFORCEMENT, [DataCategory.IDENTITY])
    sheriff_ref = await desk.town.case_ref_of(case_ref, "county-sheriff")
    await desk.town.direct(sheriff_ref, HOTLINE, Purpose.ADVOCACY, [DataCategory.ORDER_SERVICE])
    served = ProtectiveOrderServed(case_ref=sheriff_ref, order_ref=uuid4(), version=2, served_at="2026-11-21T02:10:00Z")

    await desk.offer(served, by="county-sheriff", role="accord_law_enforcement_bridge")
    await desk.delivery.deliver(case_ref, HOTLINE, "county-sheriff")

    (planned,) = await desk.listed(case_ref)
    assert planned["kind"] == "order_served"


@pytest.mark.parametrize("kind", [ProtectiveOrderRequested, ProtectiveOrderIssued])
async def test_an_order_registered_from_elsewhere_plans_no_notice(
    desk: Desk, kind: type[ProtectiveOrderIssued]
) -> None:
    case_ref = await desk.case(a_channel())

    await desk.offer(an_order(kind, case_ref), role="accord_law_enforcement_bridge")
    await desk.delivery.deliver(case_ref, HOTLINE)

    assert (await desk.listed(case_ref), await desk.send()) == ([], 0)


async def test_another_custodians_message_is_never_kept_as_a_contact(desk: Desk) -> None:
    case_ref = await desk.town.open_case(HOTLINE)
    await desk.town.direct(case_ref, "harbor-house", Purpose.SHELTER, [DataCategory.SAFE_CONTACT])
    await desk.offer(an_incident(case_ref, channels=[a_channel()]), an_acceptance(case_ref))

    await desk.delivery.deliver(case_ref, "harbor-house")

    shelter_ref = await desk.town.case_ref_of(case_ref, "harbor-house")
    assert contacts(desk, shelter_ref) == {}
    assert desk.rows("SELECT * FROM notifications.notice WHERE case_ref = %(ref)s", ref=shelter_ref) == []


async def test_the_newest_word_is_kept_even_if_it_arrives_first(desk: Desk) -> None:
    case_ref = await desk.town.open_case(HOTLINE)
    await desk.offer(an_incident(case_ref, channels=[a_channel()]))
    await desk.offer(an_incident(case_ref, channels=[a_channel(status="unsafe")]))
    older, newer = await desk.delivery.waiting(case_ref, HOTLINE)

    await desk.delivery.hand([newer])
    newest = contacts(desk, case_ref)
    await desk.delivery.hand([older])

    assert newest
    assert contacts(desk, case_ref) == newest


async def test_what_says_nothing_of_a_contact_takes_nothing_back(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    before = contacts(desk, case_ref)

    await desk.report(case_ref, code_word="heron", given_name="Marisol")
    await desk.report(case_ref, do_not_contact=True)

    assert contacts(desk, case_ref)["channels"] == before["channels"]
    assert contacts(desk, case_ref)["do_not_contact"] != before["channels"]


async def test_a_contact_changed_during_a_look_is_not_missed(desk: Desk) -> None:
    case_ref = await desk.case(a_channel(status="unknown"))
    await desk.news(case_ref)
    async with desk.town.unit("accord_notifications", HOTLINE) as unit:
        due = await store.claim(unit.session, LEASE)
        await unit.session.commit()
    assert due is not None
    await desk.report(case_ref, channels=[a_channel()])

    async with desk.town.unit("accord_notifications", HOTLINE) as unit:
        again_at = await register.database_now(unit.session) + LEASE * 1000
        await store.hold(unit.session, due, "no_safe_channel", again_at)
        await unit.session.commit()

    assert await desk.send() == 1
    assert len(desk.gone_out()) == 1


async def test_the_wall_stands_where_a_query_forgets_it(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)

    counts = {}
    for agency_id in (HOTLINE, "county-sheriff"):
        async with desk.town.unit("accord_notifications", agency_id) as unit:
            counts[agency_id] = [
                len(await store.notices_of(unit.session, HOTLINE, case_ref)),
                len(await store.contact(unit.session, HOTLINE, case_ref)),
            ]

    assert counts == {HOTLINE: [1, 1], "county-sheriff": [0, 0]}
