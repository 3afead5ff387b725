from collections.abc import Iterator

import pytest

from tests.support.broker_env import Fabric, fabric
from tests.support.database import database

__all__ = ["database", "fabric"]

PROBE = """
CREATE SCHEMA IF NOT EXISTS probe;
CREATE TABLE IF NOT EXISTS probe.effect (
    id bigint GENERATED ALWAYS AS IDENTITY, consumer text, message_ref uuid, key uuid, agency text, said text
);
GRANT USAGE ON SCHEMA probe TO accord_exchange;
GRANT SELECT, INSERT ON probe.effect TO accord_exchange;
"""


@pytest.fixture(autouse=True)
def probe(fabric: Fabric) -> Iterator[None]:
    """A table that effects write to, which takes every row it is given; and no mailbox of an earlier test."""
    with fabric.database.superuser() as connection:
        connection.execute(PROBE)
    fabric.close_all()
    yield
    fabric.close_all()
