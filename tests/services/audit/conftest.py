"""Audit, served over a ledger of its own, with the town's people at its door."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.audit.api import routes
from tests.support.database import Database
from tests.support.ledger import Log, own_database
from tests.support.town import Town, a_town
from tests.support.web import Web


@pytest.fixture(scope="session")
def log(database: Database) -> Log:
    return Log(own_database(database))


@pytest.fixture(scope="session")
async def town(log: Log, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(log.database, tmp_path_factory.mktemp("town")) as built:
        yield built


@pytest.fixture(scope="session")
def web(town: Town) -> Web:
    return Web(town)


@pytest.fixture(scope="session")
async def app(web: Web) -> AsyncIterator[FastAPI]:
    """The routes alone: tests sequence when they choose to."""
    async with web.serving("audit", routes) as served:
        yield served


@pytest.fixture
async def priya(web: Web, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The hotline's privacy officer."""
    async with web.as_person(app, "priya") as client:
        yield client


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
