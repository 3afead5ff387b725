"""The whole product, running: every service as its own process, as `accord up` starts it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cli import stack
from schemas.town import Town

STARTED = pytest.StashKey[stack.Stack]()
CLOCK_MOVED = pytest.StashKey[stack.Stack]()


@contextmanager
def a_town(folder: Path) -> Iterator[stack.Stack]:
    """Run the whole product in `folder`, on servers of its own: roles and users belong to a server, not to a town."""
    with ExitStack() as ending, pytest.MonkeyPatch.context() as to_start:
        if os.environ.get("ACCORD_CONTAINERS"):
            from tests.world import containers  # what it needs is slow to import

            for name, address in ending.enter_context(containers.for_a_town()).items():
                to_start.setenv(name, address)
        started = ending.enter_context(stack.running(folder))
        to_start.undo()
        yield started


@contextmanager
def a_town_of_its_own(folder: Path) -> Iterator[stack.Stack]:
    """Run the whole product on embedded servers, whatever other suites use: they are killed, or their files read."""
    with pytest.MonkeyPatch.context() as embedded:
        for name in ("ACCORD_DATABASE", "ACCORD_KAFKA"):
            embedded.delenv(name, raising=False)
        with stack.running(folder) as started:
            yield started


@pytest.fixture(scope="session")
def running(run_folder: Path, pytestconfig: pytest.Config) -> Iterator[stack.Stack]:
    """The running town with its processes at hand, for tests that stop or pause one.

    Each suite that imports this has a fixture of its own; whichever asks first starts the town, and all share it.
    """
    yield from _shared(pytestconfig, STARTED, run_folder / "town")


@pytest.fixture(scope="session")
def clock_town(run_folder: Path, pytestconfig: pytest.Config) -> Iterator[stack.Stack]:
    """A second running town, shared by the suites that move the clock and stop processes; no other may meet that."""
    yield from _shared(pytestconfig, CLOCK_MOVED, run_folder / "clock-town")


def _shared(config: pytest.Config, key: pytest.StashKey[stack.Stack], folder: Path) -> Iterator[stack.Stack]:
    if key in config.stash:
        yield config.stash[key]
        return
    with a_town(folder) as started:
        config.stash[key] = started
        yield started


@pytest.fixture(scope="session")
def town(running: stack.Stack) -> Town:
    """Where everything of the running town is; all that an outside client needs."""
    return running.town
