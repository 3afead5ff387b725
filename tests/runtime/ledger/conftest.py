"""An empty ledger for each test, in a database of its own."""

import pytest

from tests.world.database import Database
from tests.world.ledger import Log, own_database


@pytest.fixture
def log(database: Database) -> Log:
    return Log(own_database(database))
