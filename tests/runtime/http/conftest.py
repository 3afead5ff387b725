"""The small service, served, with the town's people at its door."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from tests.runtime.http import sample_app
from tests.support.database import Database
from tests.support.web import Web


@pytest.fixture(scope="session")
async def app(database: Database, web: Web) -> AsyncIterator[FastAPI]:
    with database.superuser() as connection:
        connection.execute(sample_app.TABLES)
    async with web.serving("intake", [sample_app.routes]) as served:
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
