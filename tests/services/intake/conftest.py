"""Intake, served, with the town's people at its door."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from kernel.sealing.envelope import Sealed
from runtime import disclosure
from schemas.codes import Purpose
from services.intake.api import routes
from tests.support.town import Town
from tests.support.web import AtTheDoor, Web

WAITING = text(
    "SELECT message_ref, recipient, type, body FROM carrying.outbox WHERE key = :key AND recipient = :to ORDER BY id"
)


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("intake", routes) as served:
        yield served


class Desk(AtTheDoor):
    """People of the town, each with a client of their own, and what they find in their mailbox."""

    async def case(self) -> UUID:
        """Open a case as Ana does."""
        answer = await self.ana.post("/v1/cases", json={})
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["case_ref"])

    async def report(self, case_ref: UUID, **fields: Any) -> dict[str, Any]:
        answer = await self.ana.post(f"/v1/cases/{case_ref}/incidents", json=fields)
        assert answer.status_code == 201, answer.text
        reported: dict[str, Any] = answer.json()
        return reported

    async def plan(self, case_ref: UUID, version: int | None = None, **fields: Any) -> httpx.Response:
        """Write a plan, in place of `version` if there is one."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return await self.ana.post(f"/v1/cases/{case_ref}/plans", json=fields, headers=headers)

    async def mail(self, case_ref: UUID, agency_id: str) -> list[Sealed]:
        """Return what waits for an agency, as the relay would send it."""
        agency_case_ref = await self.town.case_ref_of(case_ref, agency_id)
        async with self.town.session("accord_relay") as session:
            rows = (await session.execute(WAITING, {"key": agency_case_ref, "to": agency_id})).all()
        return [Sealed(row.message_ref, row.recipient, row.type, 0, row.body) for row in rows]

    async def opened(
        self, case_ref: UUID, agency_id: str = "bay-hotline", purpose: Purpose = Purpose.ADVOCACY
    ) -> dict[str, dict[str, Any]]:
        """Open the newest message that waits for an agency."""
        newest = (await self.mail(case_ref, agency_id))[-1]
        async with self.town.unit("accord_exchange", agency_id) as unit:
            (opening,) = await disclosure.open(unit, [newest], purpose)
        return {str(category): dict(fields) for category, fields in opening.categories.items()}

    def rows(self, statement: str, **params: Any) -> list[Any]:
        """Read the database as an outside checker would."""
        with self.town.database.superuser() as connection:
            return connection.execute(statement, params).fetchall()


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        new_desk = Desk(town)
        for name in ("ana", "mia", "priya", "olga", "sam", "lee", "kim", "cora"):
            new_desk.people[name] = await stack.enter_async_context(web.as_person(app, name))
        yield new_desk
