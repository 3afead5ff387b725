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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from cli.errors import SetupError
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from tests.support.database import database
from tests.support.rounds import proofs, rounds
from tests.support.shared_towns import TOWNS, Towns
from tests.support.town import town
from tests.support.web import web

__all__ = ["database", "town", "web"]  # a fixture is found by its name in this module

# How long an example takes says more of the machine than of what is tried; speed is measured in benchmarks/.
# Sixty examples find what is planted (tests/mutation); ROUNDS=long tries a thousand.
hypothesis.settings.register_profile("accord", deadline=None, max_examples=rounds(60, 1000))
hypothesis.settings.load_profile("accord")

CONTAINERS = bool(os.environ.get("ACCORD_CONTAINERS"))
if CONTAINERS:
    from tests.support import containers  # what it needs is slow to import

# Whole towns, then servers that a test starts and kills, then what goes over all services; the order within each stays.
# The short files of each service come last, so that both processes of a run end within seconds of each other.
LONGEST_FIRST = {
    name: place
    for place, name in enumerate(("journeys", "e2e", "fuzz", "cli", "consumer", "outbox", "devstack", "services"))
}
# Files that share a running town stay in one process of the run.
SHARED_TOWNS = {
    "running": (
        "tests/journeys/test_broker_matrix.py",
        "tests/journeys/test_operator_commands.py",
        "tests/journeys/test_story.py",
        "tests/journeys/test_tour.py",
        "tests/e2e/",
        "tests/leaks/test_two_worlds.py",
        "tests/adversary/",
    ),
    "clock_town": ("tests/journeys/test_consent_machine.py", "tests/faults/test_fence_races.py"),
}
KEPT_RUNS = pytest.StashKey[list[Path]]()
BEGAN = pytest.StashKey[datetime]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[KEPT_RUNS] = []
    config.stash[BEGAN] = datetime.now(UTC)
    config.stash[TOWNS] = Towns()
    if CONTAINERS:
        try:
            containers.examine()
        except SetupError as obstacle:
            raise pytest.UsageError(f"not run. {obstacle}") from None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest."""
    items.sort(key=lambda item: LONGEST_FIRST.get(item.path.parent.name, len(LONGEST_FIRST)))


def pytest_collection_finish(session: pytest.Session) -> None:
    users = session.config.stash[TOWNS].plan(session.items)
    strangers = {item.nodeid for name, item in users if not item.nodeid.startswith(SHARED_TOWNS[name])}
    if strangers:
        raise pytest.UsageError(f"name their files in SHARED_TOWNS, or they start a town of their own: {strangers}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    yield
    item.config.stash[TOWNS].after(item)


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[TOWNS].end()


class Together(LoadFileScheduling):  # type: ignore[misc]
    """Keeps a file's tests together, as they share what is slow to make; and all who share the running town.

    By names, as the markers of `--dist loadgroup` go unheard: pytest 9.2 shows no node id that a plugin changed.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((name for name, files in SHARED_TOWNS.items() if file.startswith(files)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Return the scheduler that hands the tests out to the processes of a run."""
    return Together(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    proven = list(proofs(since=config.stash[BEGAN]))
    for proof in proven:
        terminalreporter.write_line(proof.line())
    if proven:
        terminalreporter.write_line(f"on: {proven[0].machine}")
    for folder in config.stash[KEPT_RUNS]:
        terminalreporter.write_line(f"the run is kept in {folder}")


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    """The folder what runs for this session lives in."""
    folder = Path(tempfile.mkdtemp(prefix="accord-run-"))
    yield folder
    if os.environ.get("ACCORD_KEEP_RUN"):
        pytestconfig.stash[KEPT_RUNS].append(folder)
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
