"""What every test may ask for: one real PostgreSQL and one real Kafka for the whole session.

ACCORD_DATABASE   a superuser's URL of your own PostgreSQL:  postgresql://postgres:password@host:5432/postgres
ACCORD_KAFKA      a super user at your own broker:           admin:password@host:9092
                  (SASL_PLAINTEXT with SCRAM-SHA-512, StandardAuthorizer, topics not made by themselves)
ACCORD_CONTAINERS set to anything: both from containers instead, and each running town has two of its own
ACCORD_KEEP_RUN   set to anything: the folder the embedded ones lived in stays, and is named at the end
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.embedded.kafka import Kafka
from infra.embedded.postgres import Postgres
from infra.embedded.unready import Unready
from tests.world.database import database

__all__ = ["database"]  # a fixture is found by its name in this module

CONTAINERS = bool(os.environ.get("ACCORD_CONTAINERS"))
if CONTAINERS:
    from tests.world import containers  # what it needs is slow to import

KEPT = pytest.StashKey[list[Path]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[KEPT] = []
    if CONTAINERS:
        try:
            containers.examine()
        except Unready as obstacle:
            raise pytest.UsageError(f"not run. {obstacle}") from None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares something slow to make: a file's own, or the running town of the session."""
    for item in items:
        shared = "running" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("running" if shared else str(item.path)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for folder in config.stash[KEPT]:
        terminalreporter.write_line(f"the run is kept in {folder}")


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    """The folder what runs for this session lives in."""
    folder = Path(tempfile.mkdtemp(prefix="accord-run-"))
    yield folder
    if os.environ.get("ACCORD_KEEP_RUN"):
        pytestconfig.stash[KEPT].append(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Postgres]:
    """One PostgreSQL for all; make a database of your own in it."""
    if CONTAINERS:
        with containers.postgres() as contained:
            yield contained
        return
    own = os.environ.get("ACCORD_DATABASE")
    server = Postgres.at(own) if own else Postgres.start(run_folder / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka(run_folder: Path) -> Iterator[Kafka]:
    """One broker for all; name your own topics, users and groups in it."""
    if CONTAINERS:
        with containers.kafka() as contained:
            yield contained
        return
    own = os.environ.get("ACCORD_KAFKA")
    broker = Kafka.at(own) if own else Kafka.start(run_folder / "kafka")
    yield broker
    broker.stop()
