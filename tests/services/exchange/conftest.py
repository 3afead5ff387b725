"""The exchange, served, with a shelter of each test's own: nobody else's mail lies in its mailbox."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from kernel.ledger.note import new_keys
from runtime import disclosure
from runtime.auth.on_behalf import HEADER
from runtime.http.middleware import ANSWER_TIMES
from runtime.register.enrolment import NewAgency, NewPerson, enrol_agency, enrol_person
from runtime.telemetry.answer_times import AnswerTimes
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from schemas.facts import Fact, IncidentReported
from services.exchange import carriage_routes
from services.exchange.api import OPENING, PROMISE_KEY, routes
from services.exchange.consumers import listen
from tests.support.delivery import Delivery
from tests.support.town import Town, all_purposes
from tests.support.web import Web

INCIDENT = {"given_name": "Marisol", "needs": ["shelter"], "narrative": "He said he would come back."}
HOTLINE = "bay-hotline"
PROMISES, _ = new_keys("town.example/ledger/promise")


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("exchange", [routes, carriage_routes.routes]) as served:
        setattr(served.state, PROMISE_KEY, PROMISES)
        setattr(served.state, ANSWER_TIMES, AnswerTimes([OPENING]))
        yield served


@pytest.fixture(scope="session")
def delivery(town: Town) -> Delivery:
    return Delivery(town, "exchange", listen)


def an_incident(case_ref: UUID, **fields: Any) -> IncidentReported:
    defaults = {"incident_ref": uuid4(), "version": 1, "reported_at": "2026-11-21T02:10:00Z"}
    return IncidentReported(case_ref=case_ref, **defaults | (fields or INCIDENT))


@dataclass
class Desk:
    """A hotline that tells, a shelter of this test's own that reads, and what lies between them."""

    town: Town
    web: Web
    app: FastAPI
    delivery: Delivery
    shelter: str
    people: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def ana(self) -> httpx.AsyncClient:
        """An advocate of the hotline."""
        return self.people["ana"]

    @property
    def sam(self) -> httpx.AsyncClient:
        """A case worker of the shelter."""
        return self.people["sam"]

    @property
    def kim(self) -> httpx.AsyncClient:
        """A colleague of Sam's."""
        return self.people["kim"]

    @property
    def system(self) -> httpx.AsyncClient:
        """The shelter's records system, before which Sam or Kim may sit."""
        return self.people["system"]

    @property
    def kim_ref(self) -> str:
        return f"kim-{self.shelter}"

    async def released(self, *categories: DataCategory, purpose: Purpose = Purpose.SHELTER) -> tuple[UUID, UUID]:
        """Open a case whose survivor lets the shelter see these categories."""
        case_ref = await self.town.open_case(HOTLINE)
        return case_ref, await self.permit(case_ref, *categories, purpose=purpose)

    async def permit(self, case_ref: UUID, *categories: DataCategory, purpose: Purpose = Purpose.SHELTER) -> UUID:
        return await self.town.direct(case_ref, self.shelter, purpose, categories or (DataCategory.NEEDS,))

    def claim(self, name: str | None, **other: Any) -> dict[str, str]:
        """Return the header by which the shelter's system names one of its people."""
        return {} if name is None else {HEADER: self.web.claim(self.shelter, f"{name}-{self.shelter}", **other)}

    async def block_kim(self, case_ref: UUID) -> None:
        await self.town.direct(case_ref, None, None, effect="deny", excluded=self.kim_ref)

    async def offer(self, *facts: Fact, by: str = HOTLINE, person: str = "ana") -> None:
        """Offer facts in their order, as an agency's service does."""
        async with self.town.unit("accord_intake", by, person) as unit:
            await disclosure.offer_many(unit, facts)
            await unit.session.commit()

    async def tell(self, case_ref: UUID, **fields: Any) -> None:
        """Offer an incident of the hotline's case and deliver it."""
        await self.offer(an_incident(case_ref, **fields))
        await self.delivery.deliver(case_ref, HOTLINE, *await self.known_to(case_ref))

    async def known_to(self, case_ref: UUID) -> list[str]:
        query = """SELECT agency_id FROM register."case" WHERE agency_id <> %(hotline)s AND subject_id =
            (SELECT subject_id FROM register."case" WHERE case_ref = %(case_ref)s)"""
        return [row[0] for row in self.rows(query, hotline=HOTLINE, case_ref=case_ref)]

    async def shelter_case_ref(self, case_ref: UUID) -> UUID:
        """Return the shelter's own reference to the case."""
        return await self.town.case_ref_of(case_ref, self.shelter)

    async def newest(self, case_ref: UUID, agency_id: str | None = None) -> UUID:
        """Return the newest message that an agency has of a case."""
        agency_case_ref = await self.town.case_ref_of(case_ref, agency_id or self.shelter)
        query = "SELECT message_ref FROM exchange.message WHERE case_ref = %(ref)s ORDER BY place DESC LIMIT 1"
        message_ref: UUID = self.rows(query, ref=agency_case_ref)[0][0]
        return message_ref

    async def opening(
        self,
        message_ref: UUID | str,
        purpose: str = "shelter",
        by: httpx.AsyncClient | None = None,
        key: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        path = f"/v1/messages/{message_ref}/opening"
        return await (by or self.sam).post(path, json={"purpose": purpose}, headers=key)

    def pseudonym(self, ref: str) -> str:
        """Return how the ledger names a person or a system."""
        query = """SELECT pseudonym::text FROM register.person WHERE person_ref = %(ref)s
            UNION ALL SELECT pseudonym::text FROM register.client WHERE client_id = %(ref)s"""
        return str(self.rows(query, ref=ref)[0][0])

    def rows(self, statement: str, **params: Any) -> list[Any]:
        """Read the database as an outside checker would."""
        with self.town.database.superuser() as connection:
            done = connection.execute(statement, params)
            return done.fetchall() if done.description else []

    def leaves(self) -> list[dict[str, Any]]:
        """Return what the ledger says of the shelter's own acts, in order."""
        query = """SELECT convert_from(p.header, 'UTF8')::jsonb AS said FROM ledger.pending AS p
            WHERE convert_from(p.header, 'UTF8')::jsonb ->> 'agency' =
                (SELECT pseudonym::text FROM register.agency WHERE agency_id = %(agency)s)
            AND convert_from(p.header, 'UTF8')::jsonb ->> 'act' NOT IN ('offered', 'administered') ORDER BY p.id"""
        return [row[0] for row in self.rows(query, agency=self.shelter)]


async def listed(client: httpx.AsyncClient, query: str = "limit=200", path: str = "/v1/inbox") -> list[dict[str, Any]]:
    """Return all pages of a list."""
    answer = await client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    messages: list[dict[str, Any]] = answer.json()["messages"]
    while "next" in answer.links:
        answer = await client.get(path + answer.links["next"]["url"])
        assert answer.json()["messages"], "a page that a link leads to is never empty"
        messages += answer.json()["messages"]
    return messages


@asynccontextmanager
async def a_desk(town: Town, web: Web, app: FastAPI, delivery: Delivery) -> AsyncIterator[Desk]:
    """A desk at a shelter of a new name."""
    shelter = f"shelter-{token_hex(4)}"
    desk = Desk(town, web, app, delivery, shelter)
    town.keys.create(shelter)
    async with town.session("accord_admin") as session:
        agency = NewAgency(shelter, "A shelter", AgencyKind.SHELTER, purposes=all_purposes())
        await enrol_agency(session, agency, town.system_key(shelter).as_dict(private=False))
        for name in ("sam", "kim"):
            await enrol_person(session, NewPerson(f"{name}-{shelter}", shelter, name.title(), ("case_worker",)))
        await session.commit()
    async with AsyncExitStack() as stack:
        for name in ("sam", "kim"):
            token = web.issuer.person(f"{name}-{shelter}", agency=shelter, roles=["case_worker"])
            desk.people[name] = await stack.enter_async_context(web.asking(app, token))
        desk.people["system"] = await stack.enter_async_context(web.as_system(app, shelter))
        for name in ("ana", "priya", "lee", "noor", "cora"):
            desk.people[name] = await stack.enter_async_context(web.as_person(app, name))
        yield desk


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI, delivery: Delivery) -> AsyncIterator[Desk]:
    async with a_desk(town, web, app, delivery) as shelter_desk:
        yield shelter_desk
