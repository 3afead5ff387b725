"""The whole product, running: every service as its own process, as `accord up` starts it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from devstack import stack
from devstack.process import Spawn, spawn
from schemas.town import Town
from tests.support.fork_server import forking


@contextmanager
def a_town(folder: Path) -> Iterator[stack.Stack]:
    """Run the whole product in `folder`, on servers of its own: roles and users belong to a server, not to a town."""
    with ExitStack() as ending, pytest.MonkeyPatch.context() as to_start:
        if os.environ.get("ACCORD_CONTAINERS"):
            from tests.support import containers  # what it needs is slow to import

            for name, address in ending.enter_context(containers.for_a_town()).items():
                to_start.setenv(name, address)
        started = ending.enter_context(stack.running(folder, spawn=ending.enter_context(forking())))
        to_start.undo()
        yield started


@contextmanager
def a_town_of_its_own(folder: Path, spawn: Spawn = spawn) -> Iterator[stack.Stack]:
    """Run the whole product on embedded servers, whatever other suites use: they are killed, or their files read."""
    with pytest.MonkeyPatch.context() as embedded:
        for name in ("ACCORD_DATABASE", "ACCORD_KAFKA"):
            embedded.delenv(name, raising=False)
        with stack.running(folder, spawn=spawn) as started:
            yield started


@pytest.fixture(scope="session")
def running(run_folder: Path, pytestconfig: pytest.Config) -> stack.Stack:
    """The running town with its processes at hand, for tests that stop or pause one.

    Each suite that imports this has a fixture of its own; whichever asks first starts the town, and all share it.
    """
    return pytestconfig.stash[TOWNS].town("running", run_folder / "town")


@pytest.fixture(scope="session")
def clock_town(run_folder: Path, pytestconfig: pytest.Config) -> stack.Stack:
    """A second running town, shared by the suites that move the clock and stop processes; no other may meet that."""
    return pytestconfig.stash[TOWNS].town("clock_town", run_folder / "clock-town")


NAMES = frozenset({"running", "clock_town"})  # of the fixtures


class Towns:
    """The running towns that suites share, each ended after the last test that uses it: an idle one costs CPU."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[stack.Stack, ExitStack]] = {}
        self._last: dict[str, pytest.Item] = {}

    def town(self, name: str, folder: Path) -> stack.Stack:
        """Return the town of this name, started now if nobody has asked for it yet."""
        if name not in self._running:
            ending = ExitStack()
            self._running[name] = ending.enter_context(a_town(folder)), ending
        return self._running[name][0]

    def plan(self, items: Sequence[pytest.Item]) -> list[tuple[str, pytest.Item]]:
        """Note which test is the last to use each town, by its fixture's name; return every use."""
        uses = [(name, item) for item in items for name in NAMES.intersection(getattr(item, "fixturenames", ()))]
        self._last = dict(uses)
        return uses

    def after(self, item: pytest.Item) -> None:
        """End each town that nobody uses after this test."""
        for name, last in self._last.items():
            if item is last:
                self._end(name)

    def end(self) -> None:
        """End all that still run."""
        for name in list(self._running):
            self._end(name)

    def _end(self, name: str) -> None:
        _, ending = self._running.pop(name, (None, ExitStack()))
        ending.close()


TOWNS = pytest.StashKey[Towns]()


@pytest.fixture(scope="session")
def town(running: stack.Stack) -> Town:
    """Where everything of the running town is; all that an outside client needs."""
    return running.town
