"""The whole product, running: every service as its own process, as `accord up` starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import stack
from schemas.town import Town

STARTED = pytest.StashKey[stack.Stack]()


@pytest.fixture(scope="session")
def running(run_folder: Path, pytestconfig: pytest.Config) -> Iterator[stack.Stack]:
    """The running town with its processes at hand, for tests that stop or pause one.

    Each suite that imports this has a fixture of its own; whichever asks first starts the town, and all share it.
    """
    if STARTED in pytestconfig.stash:
        yield pytestconfig.stash[STARTED]
        return
    with stack.running(run_folder / "town") as started:
        pytestconfig.stash[STARTED] = started
        yield started


@pytest.fixture(scope="session")
def town(running: stack.Stack) -> Town:
    """Where everything of the running town is; all that an outside client needs."""
    return running.town
