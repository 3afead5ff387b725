"""The notices of a case, as its own advocates see them: where each stands, and never where it goes."""

from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.notifications.conftest import ADDRESS, HOTLINE, Desk, a_channel
from tests.support.web import Web


def path(case_ref: UUID | str) -> str:
    return f"/v1/cases/{case_ref}/notices"


async def test_a_notice_shows_its_state_but_no_address_and_no_cause(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    await desk.send()

    answer = await desk.ana.get(path(case_ref))

    (notice,) = answer.json()["notices"]
    assert set(notice) == {
        "notice_ref",
        "kind",
        "state",
        "reason",
        "channel_kind",
        "planned_at",
        "planned_for",
        "sent_at",
        "coalesced_into",
        "coalesced",
        "decided_by",
        "decided_at",
    }
    assert ADDRESS not in answer.text


async def test_notices_are_listed_in_the_order_they_were_planned(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())
    for _ in range(3):
        await desk.news(case_ref)

    planned = [notice["planned_at"] for notice in await desk.listed(case_ref)]

    assert len(planned) == 3
    assert planned == sorted(planned)


async def test_a_case_of_ones_own_without_notices_is_empty(desk: Desk) -> None:
    assert await desk.listed(await desk.town.open_case(HOTLINE)) == []


async def test_unknown_foreign_and_hidden_cases_are_absent_alike(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref = await desk.case(a_channel())
    await desk.news(case_ref)
    await desk.town.direct(case_ref, "harbor-house", Purpose.ADVOCACY, [DataCategory.SAFE_CONTACT])
    blocked = await desk.case(a_channel())
    await desk.town.direct(blocked, None, None, effect="deny", excluded="ana")

    async with web.as_person(app, "sam") as sam:
        answers = [
            await desk.ana.get(path(uuid4())),
            await desk.ana.get(path(blocked)),
            await desk.ana.get(path("heron-4417")),
            await sam.get(path(case_ref)),
        ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1


def leaves(desk: Desk) -> int:
    ((count,),) = desk.rows("SELECT count(*) FROM ledger.pending")
    return int(count)


async def test_each_look_is_on_record_and_each_refusal_too(desk: Desk) -> None:
    case_ref = await desk.case(a_channel())

    counts = [leaves(desk)]
    for ref in (case_ref, uuid4()):
        await desk.ana.get(path(ref))
        counts.append(leaves(desk))

    assert counts == [counts[0], counts[0] + 1, counts[0] + 2]


async def test_who_may_not_read_cases_reads_no_notices(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref = await desk.case(a_channel())

    async with web.as_person(app, "cora") as cora, web.asking(app) as anonymous:
        answers: list[httpx.Response] = [await cora.get(path(case_ref)), await anonymous.get(path(case_ref))]

    assert [answer.status_code for answer in answers] == [403, 401]


@pytest.mark.parametrize("query", ["heron-4417=1", "state=sent", "%00=1"])
async def test_a_query_where_none_is_taken(desk: Desk, query: str) -> None:
    answer = await desk.ana.get(f"{path(uuid4())}?{query}")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "heron-4417" not in answer.text


async def test_h12_a_notice_hidden_from_a_system_still_goes_out(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref = await desk.case(a_channel())
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="ana")
    await desk.news(case_ref)

    await desk.send()

    async with web.as_system(app, HOTLINE) as system, web.as_system(app, HOTLINE, "priya") as named:
        answers = [await client.get(path(case_ref)) for client in (system, named)]
    assert len(desk.gone_out()) == 1  # our own service acts for the agency, and nobody reads what it does
    assert [answer.status_code for answer in answers] == [404, 200]
    assert answers[1].json()["notices"][0]["state"] == "sent"
