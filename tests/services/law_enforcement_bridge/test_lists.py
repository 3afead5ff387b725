"""Lists and counts of orders: what one may see, on record once a day, and nobody waits for what is not shown."""

import asyncio
from uuid import UUID, uuid4

from runtime import register
from tests.services.law_enforcement_bridge.conftest import Desk

LOOKS = """
SELECT count(*) FROM ledger.pending AS p WHERE convert_from(p.header, 'UTF8')::jsonb ->> 'act' = 'consulted'
    AND p.subject = (SELECT s.pseudonym FROM register.subject AS s JOIN register."case" USING (subject_id)
        WHERE case_ref = %s)
"""


def looks(desk: Desk, case_ref: str) -> int:
    with desk.town.database.superuser() as connection:
        (row,) = connection.execute(LOOKS, [case_ref])
        return int(str(row[0]))


async def of_case(desk: Desk, case_ref: str, query: str = "limit=200") -> list[str]:
    answer = await desk.lee.get(f"/v1/orders?{query}")
    orders = answer.json()["orders"]
    while "next" in answer.links:
        answer = await desk.lee.get("/v1/orders" + answer.links["next"]["url"])
        orders += answer.json()["orders"]
    return [order["order_ref"] for order in orders if order["case_ref"] == case_ref]


async def test_m11_a_case_in_the_list_is_on_record_once_a_day(desk: Desk) -> None:
    order = await desk.record()
    case_ref = order["case_ref"]
    before = looks(desk, case_ref)

    for _ in range(3):
        assert await of_case(desk, case_ref) == [order["order_ref"]]

    assert looks(desk, case_ref) == before + 1


async def test_m11_two_who_list_at_once_leave_one_leaf(desk: Desk) -> None:
    case_ref = (await desk.record())["case_ref"]
    before = looks(desk, case_ref)

    await asyncio.gather(*(of_case(desk, case_ref) for _ in range(6)))

    assert looks(desk, case_ref) == before + 1


async def test_m11_a_count_is_as_long_as_the_list(desk: Desk) -> None:
    await desk.record()
    query = "status=temporary&status=final&service_status=pending&service_status=failed"

    counted = (await desk.lee.get(f"/v1/orders/count?{query}")).json()

    answer = await desk.lee.get(f"/v1/orders?limit=200&{query}")
    assert "next" not in answer.links
    assert counted == {"count": len(answer.json()["orders"]), "whole": True}


async def test_h4_a_list_waits_for_nobody_whose_order_it_does_not_show(desk: Desk) -> None:
    case_ref = UUID((await desk.record())["case_ref"])
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="lee")

    async with desk.town.session("accord_consent") as stopping, asyncio.timeout(3):
        await register.lock_exclusive(stopping, case_ref)
        assert await of_case(desk, str(case_ref)) == []


async def test_m9_an_order_in_anothers_case_waits_for_nobody(desk: Desk) -> None:
    hotline_ref = await desk.town.open_case("bay-hotline", "county-sheriff")

    async with desk.town.session("accord_consent") as stopping, asyncio.timeout(3):
        await register.lock_exclusive(stopping, hotline_ref)
        answers = [
            await desk.lee.post("/v1/orders", json={"status": "temporary", "case_ref": str(ref)})
            for ref in (hotline_ref, uuid4())
        ]

    assert [answer.status_code for answer in answers] == [404, 404]
