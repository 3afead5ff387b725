"""Orders by the court's number: found by the agency that recorded them, and by an index that tells nobody else."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.law_enforcement_bridge.order_numbers import bare
from tests.services.law_enforcement_bridge.conftest import Desk
from tests.services.law_enforcement_bridge.test_lists import looks

INDEXES = "SELECT number_index FROM law_enforcement_bridge.protective_order WHERE order_ref = ANY(%s)"


def a_number() -> str:
    return f"26-PO-{uuid4().hex[:10]}"


async def by_number(client: httpx.AsyncClient, number: str) -> list[str]:
    answer = await client.post("/v1/orders/search", json={"order_number": number})
    assert answer.status_code == 200, answer.text
    return [order["order_ref"] for order in answer.json()["orders"]]


async def test_an_order_is_found_by_its_number_however_written(desk: Desk) -> None:
    number = a_number()
    order = await desk.record(order_number=number)
    await desk.record(order_number=a_number())

    spellings = (number, number.lower(), number.replace("-", " "), number.replace("-", ""))
    assert [await by_number(desk.kim, spelling) for spelling in spellings] == [[order["order_ref"]]] * 4
    assert await by_number(desk.kim, number[:-1]) == []


async def test_the_number_of_a_later_paper_is_the_one_to_find_it_by(desk: Desk) -> None:
    searched, issued, corrected = a_number(), a_number(), a_number()
    order = await desk.record(status="requested", order_number=searched)
    order = (await desk.do(order, "issuance", {"status": "temporary", "order_number": issued})).json()
    order = (await desk.do(order, "modification", {"modification": "clerical"})).json()

    assert await by_number(desk.lee, searched) == []
    assert await by_number(desk.lee, issued) == [order["order_ref"]]

    await desk.do(order, "modification", {"modification": "correction", "order_number": corrected})
    assert [await by_number(desk.lee, number) for number in (issued, corrected)] == [[], [order["order_ref"]]]


async def test_an_ended_order_is_still_found(desk: Desk) -> None:
    number = a_number()
    order = await desk.record(order_number=number)
    await desk.do(order, "end", {"end_reason": "vacated"})

    assert await by_number(desk.lee, number) == [order["order_ref"]]


async def test_no_other_agency_finds_an_order_or_has_its_index(desk: Desk) -> None:
    number = a_number()
    order = await desk.record(order_number=number)
    before = await by_number(desk.jude, number)
    theirs = (await desk.jude.post("/v1/orders", json={"status": "final", "order_number": number})).json()

    with desk.town.database.superuser() as connection:
        rows = connection.execute(INDEXES, [[order["order_ref"], theirs["order_ref"]]]).fetchall()

    assert (before, await by_number(desk.jude, number)) == ([], [theirs["order_ref"]])
    assert len({str(row[0]) for row in rows}) == 2


async def test_who_is_shut_out_finds_no_order_by_its_number(desk: Desk) -> None:
    number = a_number()
    order = await desk.record(order_number=number)
    await desk.town.direct(UUID(order["case_ref"]), None, None, effect="deny", excluded="lee")

    assert await by_number(desk.lee, number) == []
    assert await by_number(desk.kim, number) == [order["order_ref"]]


async def test_an_order_that_is_found_is_a_look_on_record(desk: Desk) -> None:
    number = a_number()
    order = await desk.record(order_number=number)
    before = looks(desk, order["case_ref"])

    for _ in range(2):
        await by_number(desk.kim, number)

    assert looks(desk, order["case_ref"]) == before + 1


async def test_an_order_of_no_number_is_found_by_none(desk: Desk) -> None:
    await desk.record()
    await desk.record(order_number=" - ")

    assert await by_number(desk.lee, " - ") == []


@pytest.mark.parametrize("body", [{}, {"order_number": ""}, {"order_number": "x" * 201}, {"order_number": 7}])
async def test_what_is_no_number_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.lee.post("/v1/orders/search", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_dashes_blanks_and_case_make_no_difference() -> None:
    assert bare(" 26-PO/0117 ") == bare("26po 0117") == "26po0117"
    assert bare("26-PO-0117") != bare("26-PO-117")
