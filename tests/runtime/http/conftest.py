"""The small service, served, with the town's people at its door."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from tests.runtime.http import things
from tests.world.database import Database
from tests.world.web import Web


@pytest.fixture(scope="session")
async def app(database: Database, web: Web) -> AsyncIterator[FastAPI]:
    with database.superuser() as connection:
        connection.execute(things.TABLES)
    async with web.serving("intake", [things.routes], refusals={things.NotOpen: "not_open"}) as served:
        yield served


@pytest.fixture
async def ana(web: Web, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An advocate of the hotline."""
    async with web.as_person(app, "ana") as client:
        yield client


@pytest.fixture
async def sam(web: Web, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A case worker of the shelter."""
    async with web.as_person(app, "sam") as client:
        yield client
