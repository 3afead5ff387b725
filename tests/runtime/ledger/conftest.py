"""An empty ledger for each test, in a database that only these tests use."""

import pytest

from tests.support.database import Database
from tests.support.ledger import Log, OwnDatabase, own_database


@pytest.fixture(scope="session")
def own(database: Database) -> OwnDatabase:
    return own_database(database)


@pytest.fixture
def log(own: OwnDatabase) -> Log:
    fresh = Log(own)
    fresh.empty()
    return fresh
