"""A town for the doors."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world.database import Database
from tests.world.town import Town, build_town


@pytest.fixture(scope="session")
async def town(database: Database, run_folder: Path) -> AsyncIterator[Town]:
    """The town's register, shared by all tests; each opens cases of its own."""
    built = await build_town(database, run_folder)
    yield built
    for bound in built.engines.values():
        await bound.dispose()
