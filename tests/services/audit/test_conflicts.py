"""Whom survivors shut out, and who tried all the same: to the custodian's privacy officer, and on record itself."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from runtime import disclosure
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from schemas.categories import DataCategory
from schemas.codes import AgencyKind
from services.audit.conflicts import TRIED
from tests.support.ledger import Log
from tests.support.town import Town, all_purposes
from tests.support.web import Web


class Office:
    """A hotline of a test's own, so that nobody else's warnings are in its list."""

    def __init__(self, town: Town, name: str, officer: httpx.AsyncClient) -> None:
        self.town, self.name, self.officer = town, name, officer

    def of(self, who: str) -> str:
        return f"{who}-{self.name}"

    async def hidden_from(self, who: str) -> UUID:
        """Open a case whose survivor hides from somebody of the hotline."""
        case_ref = await self.town.open_case(self.name)
        await self.town.direct(case_ref, None, None, effect="deny", excluded=self.of(who))
        return case_ref

    async def look(self, case_ref: UUID, who: str | None) -> None:
        async with self.town.unit("accord_intake", self.name, None if who is None else self.of(who)) as unit:
            await disclosure.read_mask(unit, case_ref, [DataCategory.IDENTITY])
            await unit.session.commit()

    async def warned(self, query: str = "") -> dict[str, Any]:
        answer = await self.officer.get(f"/v1/conflict-warnings{query}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
async def office(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Office]:
    name = f"line-{uuid4().hex[:8]}"
    town.keys.create(name)
    async with town.session("accord_admin") as session:
        agency = NewAgency(name, "A hotline", AgencyKind.HOTLINE, purposes=all_purposes())
        await enrol_agency(session, agency, town.system_key(name).as_dict(private=False))
        for who, role in (("ana", "advocate"), ("mia", "advocate"), ("priya", "privacy_officer")):
            await enrol_person(session, NewPerson(f"{who}-{name}", name, who.title(), (role,)))
        await session.commit()
    token = web.issuer.person(f"priya-{name}", agency=name, roles=["privacy_officer"])
    async with web.asking(app, token) as officer:
        yield Office(town, name, officer)


async def test_h12_the_privacy_officer_is_warned(office: Office, log: Log) -> None:
    case_ref = await office.hidden_from("ana")
    for who in ("ana", None, "ana", "mia"):
        await office.look(case_ref, who)

    before = (await office.warned())["warnings"]
    await log.sequence()
    after = (await office.warned())["warnings"]

    rows = {(warning["kind"], warning["who_kind"], warning["who_ref"], warning["times"]) for warning in before}
    assert rows == {
        ("block", "person", office.of("ana"), 1),
        ("attempt", "person", office.of("ana"), 2),
        ("attempt", "system", office.name, 1),
    }
    assert {warning["case_ref"] for warning in before} == {str(case_ref)}
    assert before == after


async def test_h12_warnings_come_in_pages_each_once(office: Office) -> None:
    for _ in range(2):
        await office.look(await office.hidden_from("ana"), "ana")
    whole = (await office.warned())["warnings"]

    paged, cursor = [], ""
    while True:
        page = await office.warned(f"?limit=1{cursor}")
        paged += page["warnings"]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"

    assert paged == whole
    assert [warning["last_at"] for warning in whole] == sorted((warning["last_at"] for warning in whole), reverse=True)
    assert len(whole) == 4


async def test_h12_nobody_else_is_warned(office: Office, web: Web, app: FastAPI, town: Town) -> None:
    await office.look(await office.hidden_from("ana"), "ana")
    hidden = await office.hidden_from("priya")
    await office.look(hidden, "priya")

    async with (
        web.as_person(app, "priya") as elsewhere,
        web.as_person(app, "ana") as advocate,
        web.as_system(app, "bay-hotline") as system,
    ):
        answers = [await client.get("/v1/conflict-warnings?limit=200") for client in (elsewhere, advocate, system)]

    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert office.name not in answers[0].text
    assert str(hidden) not in str(await office.warned("?limit=200"))


def test_h12_attempts_are_found_by_their_index(town: Town) -> None:
    with town.database.superuser() as connection:
        connection.execute("SET enable_seqscan = off")
        seeking = f"EXPLAIN SELECT header FROM ledger.leaf WHERE ({TRIED})"  # noqa: S608 - a condition of our own
        plan = connection.execute(seeking).fetchall()

    assert "conflicts" in str(plan)
