"""The law enforcement bridge, served, with the town's people at its door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.law_enforcement_bridge.api import routes
from tests.support.town import Town
from tests.support.web import Web


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    async with web.serving("law_enforcement_bridge", routes) as served:
        yield served


@dataclass
class Desk:
    """The people who record orders, and those who do not, each with a client of their own."""

    town: Town
    lee: httpx.AsyncClient  # liaison of the police
    kim: httpx.AsyncClient  # another liaison of the police
    jude: httpx.AsyncClient  # attorney at legal aid
    ana: httpx.AsyncClient  # advocate of the hotline

    async def record(self, **fields: Any) -> dict[str, Any]:
        """Record an order at the police, a temporary one unless another is named."""
        answer = await self.lee.post("/v1/orders", json={"status": "temporary"} | fields)
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        return order

    async def do(self, order: dict[str, Any], step: str, body: dict[str, Any]) -> httpx.Response:
        """Take a step with an order, of the version at hand."""
        headers = {"If-Match": f'"{order["version"]}"'}
        return await self.lee.post(f"/v1/orders/{order['order_ref']}/{step}", json=body, headers=headers)


@pytest.fixture
async def desk(town: Town, web: Web, app: FastAPI) -> AsyncIterator[Desk]:
    async with (
        web.as_person(app, "lee") as lee,
        web.as_person(app, "kim") as kim,
        web.as_person(app, "jude") as jude,
        web.as_person(app, "ana") as ana,
    ):
        yield Desk(town, lee, kim, jude, ana)
