"""Who works on a case, and who could: the agency's own people."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.services.intake.conftest import Desk
from tests.services.intake.test_case_list import listed


async def assign(
    client: httpx.AsyncClient, case_ref: UUID, *people: str, version: int | None = 1, key: str | None = None
) -> httpx.Response:
    optional = {"If-Match": None if version is None else f'"{version}"', "Idempotency-Key": key}
    headers = {name: value for name, value in optional.items() if value is not None}
    path = f"/v1/cases/{case_ref}/assignment"
    return await client.put(path, json={"person_refs": list(people)}, headers=headers)


async def test_who_opens_a_case_works_on_it(desk: Desk) -> None:
    case_ref = await desk.case()

    read = (await desk.ana.get(f"/v1/cases/{case_ref}")).json()

    assert (read["assigned_to"], read["version"], read["state"]) == (["ana"], 1, "open")
    assert str(case_ref) in await listed(desk.ana, "assigned=me&limit=200")


async def test_a_case_is_handed_over(desk: Desk) -> None:
    case_ref = await desk.case()

    answer = await assign(desk.ana, case_ref, "priya", "mia")

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["assigned_to"] == ["mia", "priya"]
    assert str(case_ref) in await listed(desk.priya, "assigned=me&limit=200")
    assert str(case_ref) in await listed(desk.ana, "assigned=anybody&limit=200")
    for query in ("assigned=me", "assigned=nobody"):
        assert str(case_ref) not in await listed(desk.ana, f"{query}&limit=200")


async def test_a_case_of_nobody_is_found_as_such(desk: Desk) -> None:
    case_ref = await desk.case()

    answer = await assign(desk.ana, case_ref)

    assert answer.json()["assigned_to"] == []
    assert str(case_ref) in await listed(desk.ana, "assigned=nobody&state=open&limit=200")
    assert str(case_ref) not in await listed(desk.ana, "assigned=anybody&limit=200")


async def test_a_hand_over_is_the_newest_change(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.case()

    await assign(desk.ana, case_ref, "mia")

    assert (await desk.ana.get("/v1/cases?limit=1")).json()["cases"][0]["case_ref"] == str(case_ref)


@pytest.mark.parametrize(("version", "status"), [(None, 428), (2, 412), (1, 200)])
async def test_a_hand_over_names_the_version_it_read(desk: Desk, version: int | None, status: int) -> None:
    case_ref = await desk.case()

    assert (await assign(desk.ana, case_ref, "mia", version=version)).status_code == status


async def test_of_two_who_hand_over_at_once_one_is_refused(desk: Desk) -> None:
    case_ref = await desk.case()

    answers = await asyncio.gather(*(assign(desk.ana, case_ref, name) for name in ("mia", "priya")))

    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.parametrize("people", [["sam"], ["nobody-at-all"], ["mia", "mia"]])
async def test_only_a_colleague_can_be_named_and_once(desk: Desk, people: list[str]) -> None:
    case_ref = await desk.case()

    answer = await assign(desk.ana, case_ref, *people)

    place = f"body.person_refs.{len(people) - 1}"
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": place, "code": "no_colleague"}])
    assert (await desk.ana.get(f"/v1/cases/{case_ref}")).json()["assigned_to"] == ["ana"]


async def test_whom_the_survivor_shuts_out_is_given_no_case(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.town.direct(case_ref, None, None, effect="deny", excluded="mia")

    refused, unknown = [await assign(desk.ana, case_ref, name) for name in ("mia", "nobody-at-all")]

    assert refused.status_code == unknown.status_code == 422
    assert refused.json()["errors"] == unknown.json()["errors"]


async def test_who_is_shut_out_later_does_not_find_the_case_as_theirs(desk: Desk) -> None:
    case_ref = await desk.case()
    await assign(desk.ana, case_ref, "priya")

    await desk.town.direct(case_ref, None, None, effect="deny", excluded="priya")

    assert str(case_ref) not in await listed(desk.priya, "assigned=me&limit=200")


async def test_a_case_of_another_agency_is_nobodys_to_assign(desk: Desk) -> None:
    case_ref = await desk.case()

    assert (await assign(desk.sam, case_ref, "sam")).status_code == 404
    assert (await assign(desk.priya, case_ref, "priya")).status_code == 403


async def test_a_repeat_under_one_key_hands_over_once(desk: Desk) -> None:
    case_ref = await desk.case()
    answers = [await assign(desk.ana, case_ref, "mia", key=f"hand-over-{case_ref}") for _ in range(2)]

    assert [(answer.status_code, answer.json()["version"]) for answer in answers] == [(200, 2)] * 2


async def test_a_hand_over_is_on_record_without_a_name_in_the_clear(desk: Desk) -> None:
    case_ref = await desk.case()
    before = len(leaves(desk))

    await assign(desk.ana, case_ref, "mia")

    headers = [header for header in leaves(desk)[before:] if b'"reason":"assigned"' in header]
    assert [b'"act":"changed"' in header for header in headers] == [True]
    assert b"mia" not in headers[0]


def leaves(desk: Desk) -> list[Any]:
    return [bytes(row[0]) for row in desk.rows("SELECT header FROM ledger.pending ORDER BY id")]


async def test_a_joined_case_is_taken_on_by_its_new_agency(desk: Desk) -> None:
    case_ref = await desk.town.open_case("bay-hotline", "harbor-house")
    theirs = await desk.town.case_ref_of(case_ref, "harbor-house")

    answer = await assign(desk.sam, theirs, "sam")

    assert answer.json() == {"case_ref": str(theirs), "state": "open", "version": 2, "assigned_to": ["sam"]}
    assert str(theirs) in await listed(desk.sam, "assigned=me&limit=200")
    assert (await desk.ana.get(f"/v1/cases/{case_ref}")).json()["assigned_to"] == []


async def test_colleagues_are_named_page_by_page(desk: Desk) -> None:
    everybody = (await desk.ana.get("/v1/colleagues?limit=200")).json()["colleagues"]
    first = await desk.ana.get("/v1/colleagues?limit=1")
    second = await desk.ana.get("/v1/colleagues" + first.headers["link"].partition("<")[2].partition(">")[0])

    refs = [colleague["person_ref"] for colleague in everybody]
    assert {"ana", "mia", "priya"} <= set(refs)
    assert {"sam", "lee", "cora"}.isdisjoint(refs)
    assert [answer.json()["colleagues"] for answer in (first, second)] == [[everybody[0]], [everybody[1]]]
    assert [colleague["name"] for colleague in everybody] == sorted(colleague["name"] for colleague in everybody)


async def test_colleagues_are_told_to_who_works_with_them(desk: Desk) -> None:
    assert (await desk.sam.get("/v1/colleagues?cursor=AA")).status_code == 422
    for name in ("sam", "cora"):
        colleagues = (await desk.people[name].get("/v1/colleagues?limit=200")).json()["colleagues"]
        refs = {colleague["person_ref"] for colleague in colleagues}
        assert name in refs
        assert {"ana", "mia"}.isdisjoint(refs)
