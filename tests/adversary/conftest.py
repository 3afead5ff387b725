"""A survivor whose advocate stops a release again and again, while somebody does their worst."""

from collections.abc import Iterator

import httpx
import pytest

from devstack import stack
from tests.adversary.stopper import Stopper
from tests.support.shared_towns import running, town

__all__ = ["running", "town"]  # fixtures are found by their names in this module


@pytest.fixture(scope="session")
def stopper(running: stack.Stack) -> Iterator[Stopper]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        stopper = Stopper.beginning(running.town, client)
        yield stopper
