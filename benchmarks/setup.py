"""What is measured on: a real PostgreSQL and a real Kafka of the benchmark's own, and the town of the tests on them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.kafka import Kafka
from devstack.postgres import Postgres
from runtime.database import roles
from tests.support.database import Database, a_database
from tests.support.town import Town, a_town


@contextmanager
def a_folder() -> Iterator[Path]:
    """Give a folder for a run, and take it away."""
    with tempfile.TemporaryDirectory(prefix="accord-run-") as folder:
        yield Path(folder)


@contextmanager
def a_server() -> Iterator[Database]:
    """Run PostgreSQL with the product's database in it."""
    with a_folder() as folder:
        server = Postgres.start(folder / "postgres")
        try:
            yield a_database(server, roles.DATABASE)
        finally:
            server.stop()


@contextmanager
def a_broker() -> Iterator[Kafka]:
    """Run Kafka."""
    with a_folder() as folder:
        broker = Kafka.start(folder / "kafka")
        try:
            yield broker
        finally:
            broker.stop()


@dataclass(frozen=True)
class Ground:
    """A register with agencies, and the loop that everything asynchronous runs on."""

    town: Town
    runner: asyncio.Runner
    folder: Path

    @property
    def database(self) -> Database:
        return self.town.database

    @property
    def keys(self) -> Path:
        """Where the agencies' keys lie, for processes that are started beside."""
        return self.folder / "keys"


@contextmanager
def a_ground() -> Iterator[Ground]:
    """Run PostgreSQL with the town's agencies in it."""
    with a_server() as database, a_folder() as folder, asyncio.Runner() as runner:
        town_context = a_town(database, folder)
        town = runner.run(town_context.__aenter__())
        try:
            yield Ground(town, runner, folder)
        finally:
            runner.run(town_context.__aexit__(None, None, None))
