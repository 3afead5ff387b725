"""Referrals, served, with the town's people at its door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from schemas.categories import DataCategory
from schemas.codes import Purpose
from services.referrals.api import routes
from tests.support.town import Town
from tests.support.web import Web


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("referrals", routes) as served:
        yield served


@dataclass
class Desk:
    """The people who send, receive and follow referrals, each with a client of their own."""

    town: Town
    ana: httpx.AsyncClient  # advocate of the hotline, who sends
    sam: httpx.AsyncClient  # case worker of the shelter, who receives
    lee: httpx.AsyncClient  # liaison of the police, who has no part in it
    cora: httpx.AsyncClient  # coordinator of the cell
    jude: httpx.AsyncClient  # attorney at legal aid

    async def released(self, *more: DataCategory) -> tuple[UUID, UUID]:
        """Open a case whose survivor lets the shelter know of referrals, and of `more`."""
        case_ref = await self.town.open_case("bay-hotline")
        categories = [DataCategory.REFERRAL_STATUS, *more]
        directive_ref = await self.town.direct(case_ref, "harbor-house", Purpose.SHELTER, categories)
        return case_ref, directive_ref

    async def send(self, case_ref: UUID, **fields: Any) -> dict[str, Any]:
        """Send a referral to the shelter."""
        answer = await self.ana.post("/v1/referrals", json=a_referral(case_ref, **fields))
        assert answer.status_code == 201, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    async def received(self) -> dict[str, Any]:
        """Return the newest referral that the shelter may see."""
        answer = await self.sam.get("/v1/referrals?direction=received&limit=200")
        while "next" in answer.links:
            answer = await self.sam.get("/v1/referrals" + answer.links["next"]["url"])
        newest: dict[str, Any] = answer.json()["referrals"][-1]
        return newest


def a_referral(case_ref: UUID, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "case_ref": str(case_ref),
        "to_agency_ref": "harbor-house",
        "mode": "live",
        "service_code": "shelter",
        "priority": "urgent",
        "purpose": "shelter",
    }
    return defaults | fields


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Desk]:
    async with (
        web.as_person(app, "ana") as ana,
        web.as_person(app, "sam") as sam,
        web.as_person(app, "lee") as lee,
        web.as_person(app, "cora") as cora,
        web.as_person(app, "jude") as jude,
    ):
        yield Desk(town, ana, sam, lee, cora, jude)
