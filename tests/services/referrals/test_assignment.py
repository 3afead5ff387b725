"""Who of the receiving agency answers a referral: said by its own people, and seen by no other agency."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import Purpose
from tests.services.referrals.conftest import Desk, a_referral
from tests.services.referrals.test_lists import listed
from tests.support.web import Web

STATUS = [DataCategory.REFERRAL_STATUS]
NOWHERE = UUID(int=0)
OWN = "direction=received&limit=200"


@dataclass
class Hotline:
    """Ana and Mia, to whom the shelter's Sam refers; the numbers of lists are those of one case."""

    desk: Desk
    mia: httpx.AsyncClient
    theirs: UUID = NOWHERE  # the hotline's own name of the shelter's case
    sent: str = ""  # the referral as the shelter knows it

    @property
    def ana(self) -> httpx.AsyncClient:
        return self.desk.ana

    async def send(self) -> str:
        """Send a referral to the hotline; return what the hotline calls it."""
        case_ref = await self.desk.town.open_case("harbor-house")
        await self.desk.town.direct(case_ref, "bay-hotline", Purpose.ADVOCACY, STATUS)
        self.theirs = await self.desk.town.case_ref_of(case_ref, "bay-hotline")
        form = a_referral(case_ref, to_agency_ref="bay-hotline", purpose="advocacy", service_code="advocacy")
        self.sent = (await self.desk.sam.post("/v1/referrals", json=form)).json()["referral_ref"]
        (received,) = await self.listed(self.ana)
        return str(received["referral_ref"])

    async def listed(self, client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
        """Return the referrals of the case in a list, which its count must equal."""
        path = f"{OWN}&case_ref={self.theirs}{query}"
        rows = await listed(client, path)
        count = (await client.get(f"/v1/referrals/count?{path.replace('&limit=200', '')}")).json()["count"]
        assert count == len(rows)
        return rows

    def pending(self) -> list[bytes]:
        with self.desk.town.database.superuser() as connection:
            rows: list[Any] = connection.execute("SELECT header FROM ledger.pending ORDER BY id").fetchall()
        return [bytes(row[0]) for row in rows]

    def employ_mia(self, *, active: bool) -> None:
        with self.desk.town.database.superuser() as connection:
            connection.execute("UPDATE register.person SET active = %s WHERE person_ref = 'mia'", [active])


@pytest.fixture
async def hotline(desk: Desk, web: Web, app: FastAPI) -> AsyncIterator[Hotline]:
    async with web.as_person(app, "mia") as mia:
        yield Hotline(desk, mia)


async def assign(
    client: httpx.AsyncClient, ref: str, person: str | None, instead_of: str | None = None, **headers: str
) -> httpx.Response:
    body = {"person_ref": person, "instead_of": instead_of}
    return await client.put(f"/v1/referrals/{ref}/assignment", json=body, headers=headers)


async def test_an_assigned_referral_is_on_ones_own_list(hotline: Hotline) -> None:
    ref = await hotline.send()
    assert len(await hotline.listed(hotline.ana, "&assigned=nobody")) == 1

    answer = await assign(hotline.ana, ref, "mia")

    assert (answer.status_code, answer.json()["assigned_to"]) == (200, "mia")
    assert [row["assigned_to"] for row in await hotline.listed(hotline.mia, "&assigned=me&closed=false")] == ["mia"]
    for client, query in ((hotline.ana, "me"), (hotline.mia, "nobody")):
        assert await hotline.listed(client, f"&assigned={query}") == []


async def test_the_sender_does_not_learn_who_answers(hotline: Hotline) -> None:
    ref = await hotline.send()
    before = (await hotline.desk.sam.get(f"/v1/referrals/{hotline.sent}")).json()

    await assign(hotline.ana, ref, "mia")

    assert (await hotline.desk.sam.get(f"/v1/referrals/{hotline.sent}")).json() == before
    assert (await assign(hotline.desk.sam, hotline.sent, "sam")).status_code == 404
    refused = await hotline.desk.sam.get("/v1/referrals?direction=sent&assigned=nobody")
    assert refused.json()["errors"] == [{"field": "query.assigned", "code": "only_received"}]


async def test_an_assignment_leaves_the_version(hotline: Hotline) -> None:
    ref = await hotline.send()
    read = await hotline.ana.get(f"/v1/referrals/{ref}")

    assigned = await assign(hotline.ana, ref, "ana")
    taken_on = {"advocate_name": "Ana", "warm_handoff": "offered"}
    etag = {"If-Match": read.headers["etag"]}
    answer = await hotline.ana.post(f"/v1/referrals/{ref}/acceptance", json=taken_on, headers=etag)

    assert assigned.headers["etag"] == read.headers["etag"]
    assert (answer.status_code, answer.json()["assigned_to"]) == (200, "ana")


async def test_of_two_who_assign_at_once_one_is_refused(hotline: Hotline) -> None:
    ref = await hotline.send()

    answers = await asyncio.gather(assign(hotline.ana, ref, "ana"), assign(hotline.mia, ref, "mia"))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert refused.json()["code"] == "assigned_meanwhile"


async def test_it_is_passed_on_and_given_back(hotline: Hotline) -> None:
    ref = await hotline.send()
    steps = [("ana", None), ("mia", "ana"), ("mia", None), (None, "mia"), (None, None)]

    answers = [await assign(hotline.mia, ref, person, before) for person, before in steps]

    assert [answer.json().get("assigned_to") for answer in answers] == ["ana", "mia", "mia", None, None]
    assert len(await hotline.listed(hotline.ana, "&assigned=nobody")) == 1


@pytest.mark.parametrize("person", ["sam", "priya", "nobody-at-all"])
async def test_only_a_colleague_who_answers_is_named(hotline: Hotline, person: str) -> None:
    answer = await assign(hotline.ana, await hotline.send(), person)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.person_ref", "code": "no_colleague"}]


async def test_whom_the_survivor_shuts_out_is_not_named(hotline: Hotline) -> None:
    ref = await hotline.send()
    await hotline.desk.town.direct(hotline.theirs, None, None, effect="deny", excluded="mia")

    hidden, stranger = [await assign(hotline.ana, ref, name) for name in ("mia", "nobody-at-all")]

    assert hidden.status_code == stranger.status_code == 422
    assert hidden.json()["errors"] == stranger.json()["errors"]
    assert (await assign(hotline.mia, ref, "ana")).status_code == 404


async def test_a_closed_referral_is_nobodys_work(hotline: Hotline) -> None:
    ref = await hotline.send()
    await hotline.desk.sam.post(f"/v1/referrals/{hotline.sent}/withdrawal", json={"reason_code": "sender"})

    answer = await assign(hotline.ana, ref, "ana")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_open")


async def test_what_somebody_had_who_left_is_nobodys(hotline: Hotline) -> None:
    ref = await hotline.send()
    await assign(hotline.ana, ref, "mia")

    hotline.employ_mia(active=False)
    rows = await hotline.listed(hotline.ana, "&assigned=nobody")
    again = await assign(hotline.ana, ref, "ana")
    hotline.employ_mia(active=True)

    assert [row.get("assigned_to") for row in rows] == [None]
    assert again.json()["assigned_to"] == "ana"


async def test_an_assignment_is_on_record_once(hotline: Hotline) -> None:
    ref = await hotline.send()
    before = len(hotline.pending())

    for key in ("first", "first", "second"):
        await assign(hotline.ana, ref, "mia", **{"Idempotency-Key": f"{key}-{ref}"})

    headers = [header for header in hotline.pending()[before:] if b'"reason":"referral_assigned"' in header]
    assert [b'"act":"changed"' in header for header in headers] == [True]
    assert b"mia" not in headers[0]


async def test_the_workload_counts_what_one_may_see(hotline: Hotline) -> None:
    async def load(person: str) -> int:
        people = (await hotline.ana.get("/v1/referrals/workload")).json()["people"]
        return sum(row["open"] for row in people if row["person_ref"] == person)

    before = await load("mia")
    for _ in range(2):
        await assign(hotline.ana, await hotline.send(), "mia")
    both = await load("mia")
    await hotline.desk.town.direct(hotline.theirs, None, None, effect="deny", excluded="ana")

    assert [both - before, await load("mia") - before] == [2, 1]
