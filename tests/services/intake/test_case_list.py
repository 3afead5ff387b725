"""The list of an agency's own cases, as its desk works from it."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from tests.services.intake.conftest import Desk
from tests.support.web import Web


async def pages(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    """Return all that a list shows, page by page."""
    rows, path = [], f"/v1/cases?{query}"
    while True:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["cases"]
        if "link" not in answer.headers:
            return rows
        path = "/v1/cases" + answer.headers["link"].partition("<")[2].partition(">")[0]


async def listed(client: httpx.AsyncClient, query: str = "limit=200") -> list[str]:
    return [row["case_ref"] for row in await pages(client, query)]


async def count(client: httpx.AsyncClient, query: str = "") -> int:
    answer = await client.get(f"/v1/cases/count?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["whole"] is True
    return int(answer.json()["count"])


async def since(client: httpx.AsyncClient) -> str:
    """Return a query for what changes from now on."""
    opened = (await client.post("/v1/cases", json={})).json()
    newest = (await client.get("/v1/cases?limit=1")).json()["cases"][0]
    assert newest["case_ref"] == opened["case_ref"]
    return f"changed_since={newest['changed_at']}"


async def test_a_row_says_where_a_case_stands(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.report(case_ref, narrative="told")
    await desk.report(case_ref, narrative="told again")
    await desk.plan(case_ref, goals=["A bed"])

    row = (await desk.ana.get("/v1/cases?limit=1")).json()["cases"][0]

    opened = (await desk.ana.get(f"/v1/cases/{case_ref}")).json()
    assert row.pop("changed_at") == opened["plan"]["changed_at"]
    assert row == {
        "case_ref": str(case_ref),
        "state": "open",
        "version": 1,
        "assigned_to": ["ana"],
        "incidents": 2,
        "plan_status": "active",
        "participation": "not_asked",
        "opened_at": opened["opened_at"],
    }


async def test_the_newest_change_comes_first(desk: Desk) -> None:
    query = await since(desk.ana)
    refs = [await desk.case() for _ in range(3)]

    incident = await desk.report(refs[0])
    await desk.plan(refs[1])
    path = f"/v1/cases/{refs[0]}/incidents/{incident['incident_ref']}/versions"
    corrected = await desk.ana.post(path, json={})

    assert corrected.status_code == 201
    assert (await listed(desk.ana, query))[:3] == [str(refs[0]), str(refs[1]), str(refs[2])]


async def test_a_list_comes_in_pages_without_gap_or_double(desk: Desk) -> None:
    query = await since(desk.ana)
    refs = [str(await desk.case()) for _ in range(7)]

    rows = await listed(desk.ana, f"{query}&limit=2")

    assert rows[:7] == refs[::-1]
    assert len(rows) == len(set(rows)) == 8


async def test_what_changes_between_pages_is_at_the_front(desk: Desk) -> None:
    query = await since(desk.ana)
    refs = [str(await desk.case()) for _ in range(6)]
    first = await desk.ana.get(f"/v1/cases?{query}&limit=2")
    newest = first.json()["cases"][0]["changed_at"]
    await desk.report(UUID(refs[0]))

    rest = await listed(desk.ana, (first.headers["link"].partition("?")[2]).partition(">")[0])
    moved = await listed(desk.ana, f"changed_since={newest}")

    case_refs = [row["case_ref"] for row in first.json()["cases"]] + rest
    assert len(case_refs) == len(set(case_refs))
    assert set(refs) <= {*case_refs, *moved}
    assert refs[0] == moved[0]


async def test_another_agency_finds_none_of_it(desk: Desk) -> None:
    case_ref = await desk.case()

    assert str(case_ref) in await listed(desk.ana)
    for person in (desk.sam, desk.lee):
        assert str(case_ref) not in await listed(person)


async def test_a_joined_case_is_listed_once_the_agency_works_in_it(desk: Desk) -> None:
    """A release that nobody was sent anything by yet must not tell that there is a case."""
    case_ref = await desk.town.open_case()
    await desk.town.direct(case_ref, "harbor-house", None, effect="deny")
    theirs = await desk.town.case_ref_of(case_ref, "harbor-house")
    before = await listed(desk.sam)

    reported = await desk.sam.post(f"/v1/cases/{theirs}/incidents", json={})

    assert reported.status_code == 201, reported.text
    assert str(theirs) not in before
    row = (await pages(desk.sam, "limit=1"))[0]
    assert (row["case_ref"], row["incidents"]) == (str(theirs), 1)
    assert row.keys().isdisjoint({"participation", "opened_at"})


async def test_who_is_shut_out_finds_no_case_and_counts_none(desk: Desk) -> None:
    query = await since(desk.ana)
    case_ref = await desk.case()
    before = await count(desk.priya, query), await count(desk.ana, query)

    await desk.town.direct(case_ref, None, None, effect="deny", excluded="priya")

    assert str(case_ref) not in await listed(desk.priya, query)
    assert str(case_ref) in await listed(desk.ana, query)
    assert (await count(desk.priya, query), await count(desk.ana, query)) == (before[0] - 1, before[1])


async def test_a_system_that_names_nobody_is_shut_out_as_well(desk: Desk, web: Web, app: FastAPI) -> None:
    case_ref = await desk.case()
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="priya")

    async with web.as_system(app, "bay-hotline") as system:
        assert str(case_ref) not in await listed(system)
        refused = await system.get("/v1/cases?assigned=me")

    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [{"field": "query.assigned", "code": "no_person"}],
    )


async def test_a_case_is_on_record_once_a_day_and_a_count_once_an_hour(desk: Desk) -> None:
    query = await since(desk.ana)
    case_ref = await desk.case()
    await listed(desk.ana, query)
    await count(desk.ana, query)
    before = desk.rows("SELECT count(*) FROM ledger.pending")

    rows = await listed(desk.ana, query)
    await count(desk.ana, query)

    assert str(case_ref) in rows
    assert desk.rows("SELECT count(*) FROM ledger.pending") == before


@pytest.mark.parametrize("query", ["", "state=open", "assigned=me", "assigned=nobody", "assigned=anybody&state=open"])
async def test_a_count_is_as_long_as_its_list(desk: Desk, query: str) -> None:
    changed = await since(desk.ana)
    await asyncio.gather(*(desk.case() for _ in range(3)))

    assert await count(desk.ana, f"{changed}&{query}") == len(await listed(desk.ana, f"{changed}&{query}&limit=3"))


@pytest.mark.parametrize("query", ["limit=201", "assigned=them", "state=lost", "changed_since=yesterday", "cursor=AA"])
async def test_a_query_that_says_nothing_is_refused(desk: Desk, query: str) -> None:
    assert (await desk.ana.get(f"/v1/cases?{query}")).status_code == 422


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/cases/count"])
async def test_only_who_may_read_cases_may_list_them(desk: Desk, path: str) -> None:
    assert {name: (await client.get(path)).status_code for name, client in desk.people.items()} == {
        "ana": 200,
        "mia": 200,
        "priya": 200,
        "sam": 200,
        "lee": 200,
        "kim": 200,
        "cora": 403,
        "olga": 403,
    }
