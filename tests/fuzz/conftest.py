"""What the hostile input of this folder is sent to."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from devstack.postgres import Postgres
from tests.fuzz.all_services import Street, a_street
from tests.support.rounds import FOLDER, proof


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Say by its name what cannot run here: an absent tool is no proof."""
    if collection_path.name != "test_atheris.py":
        return None
    (FOLDER / "fuzz" / "atheris.json").unlink(missing_ok=True)  # what was said of an earlier run
    if find_spec("atheris") is not None:
        return None
    proof("fuzz", "atheris", outcome="not run: atheris is not installed (requirements/fuzz.txt)")
    return True


@pytest.fixture(scope="session")
def street(postgres: Postgres, run_folder: Path) -> Iterator[Street]:
    """Every service, on the real database."""
    with a_street(postgres, run_folder / "street") as opened:
        yield opened
