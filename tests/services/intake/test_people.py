"""The people of an agency: who adds them, who confirms, and who is out at the next request."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from secrets import token_hex
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from runtime.auth.scopes import Role
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.codes import AgencyKind
from services.intake.people import reference_from
from services.intake.requests import StaffRole
from tests.services.intake.conftest import Desk
from tests.support.town import Town, all_purposes
from tests.support.web import Web

PEOPLE = "/v1/people"
STAFF = {
    "boss": ("administrator",),
    "vice": ("administrator",),
    "officer": ("privacy_officer",),
    "worker": ("advocate",),
}


@dataclass
class Office:
    """An agency of one test's own, with two administrators, a privacy officer and an advocate."""

    agency: str
    web: Web
    app: FastAPI
    clients: dict[str, httpx.AsyncClient]

    def ref(self, name: str) -> str:
        return f"{name}-{self.agency}"

    async def add(self, *roles: str, name: str = "Rosa Vega") -> dict[str, Any]:
        answer = await self.clients["boss"].post(PEOPLE, json={"name": name, "roles": list(roles)})
        assert answer.status_code == 201, answer.text
        added: dict[str, Any] = answer.json()
        return added

    async def step(self, by: str, ref: str, step: str, version: int = 1, body: Any = None) -> httpx.Response:
        method = "PUT" if step == "roles" else "POST"
        headers = {"If-Match": f'"{version}"'}
        return await self.clients[by].request(method, f"{PEOPLE}/{ref}/{step}", json=body, headers=headers)

    async def confirmed(self, *roles: str) -> dict[str, Any]:
        added = await self.add(*roles)
        answer = await self.step("officer", added["person_ref"], "confirmation")
        assert answer.status_code == 200, answer.text
        person: dict[str, Any] = answer.json()
        return person

    async def changes(self) -> list[tuple[str, str | None, list[str]]]:
        answer = await self.clients["officer"].get(f"{PEOPLE}/changes")
        return [(change["act"], change.get("by_ref"), change["roles"]) for change in answer.json()["changes"]]

    def as_them(self, ref: str, *roles: str) -> Any:
        token = self.web.issuer.person(ref, agency=self.agency, roles=roles)
        return self.web.asking(self.app, token)


@pytest.fixture
async def office(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Office]:
    agency = f"oak-{token_hex(4)}"
    town.keys.create(agency)
    async with town.session("accord_admin") as session:
        new_agency = NewAgency(agency, "Oak House", AgencyKind.SHELTER, purposes=all_purposes())
        await enrol_agency(session, new_agency, {"kty": "EC", "kid": agency})
        for name, roles in STAFF.items():
            await enrol_person(session, NewPerson(f"{name}-{agency}", agency, name.title(), roles))
        await session.commit()
    async with AsyncExitStack() as stack:
        new_office = Office(agency, web, app, {})
        for name, roles in STAFF.items():
            client = new_office.as_them(f"{name}-{agency}", *roles)
            new_office.clients[name] = await stack.enter_async_context(client)
        yield new_office


def test_a_person_may_be_whatever_is_no_system() -> None:
    assert set(StaffRole.__args__) == set(Role) - {Role.SYSTEM}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "ref"), [("Zoë Núñez", "zoe-1a2b"), ("李", "person-1a2b"), ("O'Hara", "o-1a2b")])
def test_a_reference_is_made_of_a_name(name: str, ref: str) -> None:
    assert reference_from(name, "1a2b") == ref


async def test_whoever_is_added_waits_for_a_privacy_officer(office: Office) -> None:
    added = await office.add("advocate")

    async with office.as_them(added["person_ref"], "advocate") as rosa:
        before = await rosa.get("/v1/cases")
        confirmed = await office.step("officer", added["person_ref"], "confirmation")
        after = await rosa.get("/v1/cases")

    assert (added["roles"], added["requested_roles"], "passphrase" in added) == ([], ["advocate"], False)
    assert (before.status_code, after.status_code) == (403, 200)
    assert confirmed.json()["roles"] == ["advocate"]
    assert len(confirmed.json()["passphrase"]) >= 12


async def test_a_passphrase_is_shown_once(office: Office) -> None:
    added = await office.add("advocate")
    headers = {"If-Match": '"1"', "Idempotency-Key": added["person_ref"]}
    path = f"{PEOPLE}/{added['person_ref']}/confirmation"
    answers = [await office.clients["officer"].post(path, headers=headers) for _ in range(2)]
    changed = await office.step("boss", added["person_ref"], "roles", 2, {"roles": ["advocate", "auditor"]})
    more = await office.step("officer", added["person_ref"], "confirmation", 3)

    assert [answer.status_code for answer in (*answers, changed, more)] == [200] * 4
    assert ["passphrase" in answer.json() for answer in (*answers, changed, more)] == [True, False, False, False]


async def test_an_administrator_reads_no_case_and_confirms_nothing(office: Office) -> None:
    added = await office.add("advocate")

    answers = [
        await office.clients["boss"].get("/v1/cases"),
        await office.step("boss", added["person_ref"], "confirmation"),
        await office.step("vice", added["person_ref"], "confirmation"),
        await office.clients["officer"].post(PEOPLE, json={"name": "Rosa", "roles": []}),
        await office.step("officer", added["person_ref"], "leaving"),
        await office.clients["worker"].get(PEOPLE),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6


@pytest.mark.parametrize(("step", "body"), [("roles", {"roles": ["administrator", "advocate"]}), ("leaving", None)])
async def test_nobody_changes_themself(office: Office, step: str, body: Any) -> None:
    answer = await office.step("boss", office.ref("boss"), step, body=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "own_person")


async def test_a_role_that_is_taken_away_ends_at_once(office: Office) -> None:
    worker = office.clients["worker"]
    before = await worker.get("/v1/cases")

    changed = await office.step("boss", office.ref("worker"), "roles", body={"roles": ["coordinator"]})

    assert (before.status_code, (await worker.get("/v1/cases")).status_code) == (200, 403)
    assert (changed.json()["roles"], changed.json()["requested_roles"]) == ([], ["coordinator"])


async def test_a_request_is_taken_back(office: Office) -> None:
    await office.step("boss", office.ref("worker"), "roles", body={"roles": ["advocate", "auditor"]})
    back = await office.step("boss", office.ref("worker"), "roles", 2, {"roles": ["advocate"]})

    refused = await office.step("officer", office.ref("worker"), "confirmation", 3)

    assert (back.json()["requested_roles"], refused.json()["code"]) == ([], "nothing_requested")


async def test_the_last_administrator_stays(office: Office) -> None:
    first = await office.step("boss", office.ref("vice"), "leaving")
    person = await office.confirmed("administrator")
    async with office.as_them(person["person_ref"], "administrator") as third:
        headers = {"If-Match": '"1"'}
        out = await third.post(f"{PEOPLE}/{office.ref('boss')}/leaving", headers=headers)
        last = await office.step("boss", person["person_ref"], "leaving", 2)
    assert [answer.status_code for answer in (first, out, last)] == [200, 200, 401]


async def test_two_administrators_cannot_both_go(office: Office) -> None:
    lost = await office.step("boss", office.ref("vice"), "roles", body={"roles": []})
    added = await office.add("administrator")
    headers = {"If-Match": '"1"'}
    async with office.as_them(office.ref("vice"), "administrator") as vice:
        out = await vice.post(f"{PEOPLE}/{office.ref('boss')}/leaving", headers=headers)

    assert (lost.status_code, out.status_code, added["roles"]) == (200, 403, [])


async def test_who_is_taken_out_is_nobody_at_the_next_request(office: Office) -> None:
    worker = office.clients["worker"]
    case = (await worker.post("/v1/cases", json={})).json()["case_ref"]
    heir = await office.confirmed("advocate")

    alone = await office.step("boss", office.ref("worker"), "leaving")
    counted = (await office.clients["boss"].get(f"{PEOPLE}/{office.ref('worker')}")).json()["cases"]
    left = await office.step("boss", office.ref("worker"), "leaving", body={"successor_ref": heir["person_ref"]})

    assert (alone.status_code, alone.json()["code"], counted) == (409, "cases_assigned", 1)
    assert (left.status_code, left.json()["active"], left.json()["cases"], left.json()["roles"]) == (200, False, 0, [])
    assert (await worker.get("/v1/cases")).status_code == 401
    async with office.as_them(heir["person_ref"], "advocate") as client:
        assert (await client.get(f"/v1/cases/{case}")).json()["assigned_to"] == [heir["person_ref"]]


@pytest.mark.parametrize("successor", ["sam", "nobody-at-all", "officer"])
async def test_a_successor_is_a_colleague_who_reads_cases(office: Office, successor: str) -> None:
    await office.clients["worker"].post("/v1/cases", json={})
    named = office.ref("vice") if successor == "officer" else successor

    answer = await office.step("boss", office.ref("worker"), "leaving", body={"successor_ref": named})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.successor_ref", "code": "no_colleague"}]


async def test_a_case_is_not_handed_to_whom_its_survivor_shuts_out(office: Office, desk: Desk) -> None:
    worker = office.clients["worker"]
    case = (await worker.post("/v1/cases", json={})).json()["case_ref"]
    heir = await office.confirmed("advocate")
    await desk.town.direct(UUID(case), None, None, effect="deny", excluded=heir["person_ref"])

    left = await office.step("boss", office.ref("worker"), "leaving", body={"successor_ref": heir["person_ref"]})

    assert left.status_code == 200
    assert (await office.clients["officer"].get(f"/v1/cases/{case}")).json()["assigned_to"] == []


async def test_each_change_is_read_by_the_privacy_officer(office: Office) -> None:
    person = await office.confirmed("advocate")
    await office.step("boss", person["person_ref"], "roles", 2, {"roles": ["auditor"]})
    await office.step("boss", person["person_ref"], "leaving", 3)
    boss, officer = office.ref("boss"), office.ref("officer")

    assert (await office.changes())[:5] == [
        ("left", boss, []),
        ("roles_requested", boss, ["auditor"]),
        ("roles_changed", boss, []),
        ("roles_confirmed", officer, ["advocate"]),
        ("added", boss, ["advocate"]),
    ]
    assert (await office.changes())[-1] == ("added", None, ["administrator"])


async def test_people_are_listed_page_by_page_and_counted(office: Office) -> None:
    boss = office.clients["boss"]
    await office.step("boss", office.ref("vice"), "leaving")
    everybody = (await boss.get(PEOPLE)).json()["people"]
    first = await boss.get(f"{PEOPLE}?limit=1")
    second = await boss.get(PEOPLE + first.headers["link"].partition("<")[2].partition(">")[0])

    assert [person["name"] for person in everybody] == ["Boss", "Officer", "Worker"]
    assert [page.json()["people"] for page in (first, second)] == [[everybody[0]], [everybody[1]]]
    assert (await boss.get(f"{PEOPLE}/count")).json() == {"count": 3, "whole": True}
    assert [person["name"] for person in (await boss.get(f"{PEOPLE}?state=left")).json()["people"]] == ["Vice"]


async def test_other_agencies_people_are_absent(office: Office) -> None:
    answers = [await office.clients["boss"].get(f"{PEOPLE}/{ref}") for ref in ("sam", "nobody-at-all")]
    steps = [await office.step("boss", "sam", step, body={"roles": []}) for step in ("roles",)]

    assert {(answer.status_code, answer.text) for answer in (*answers, *steps)} == {(404, answers[0].text)}


async def test_the_agencys_own_systems_are_listed_by_their_key(office: Office) -> None:
    systems = (await office.clients["boss"].get("/v1/systems")).json()["systems"]

    assert systems == [{"client_id": office.agency, "active": True, "kid": office.agency}]


async def test_a_wall_stands_between_agencies_people(office: Office, desk: Desk) -> None:
    promote = text("UPDATE register.person SET roles = '{advocate}' WHERE person_ref = :ref RETURNING person_ref")
    add = text("INSERT INTO register.person (person_ref, agency_id, name, roles) VALUES (:ref, :agency, 'Eve', '{}')")
    async with desk.town.unit("accord_intake", "harbor-house") as unit:
        touched = (await unit.session.execute(promote, {"ref": office.ref("boss")})).all()
        with pytest.raises(ProgrammingError, match="row-level security"):
            await unit.session.execute(add, {"ref": f"eve-{office.agency}", "agency": office.agency})

    assert touched == []
