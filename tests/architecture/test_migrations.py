"""Migrations are one line a schema: numbered without a gap, each after the last, so that a database has one newest."""

import re
from pathlib import Path

import pytest

from tests.architecture.named import ROOT

NAMED = re.compile(r'^(revision|down_revision) = (?:"(\w+)"|None)$', re.MULTILINE)
# The folders of `runtime.database.migrate.PLACES`: to import it takes a third of a second in each process.
PLACES = [ROOT / "runtime" / "migrations", *sorted((ROOT / "services").glob("*/migrations"))]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.parent.name)
def test_each_migration_follows_the_one_before(place: Path) -> None:
    files = sorted((place / "versions").glob("[0-9]*.py"))
    named = [dict(NAMED.findall(file.read_text())) for file in files]
    numbers = [f"{number:04}" for number in range(1, len(files) + 1)]

    assert files
    assert [file.name[:4] for file in files] == numbers
    assert [migration["revision"][-4:] for migration in named] == numbers
    assert [migration["down_revision"] for migration in named[1:]] == [
        migration["revision"] for migration in named[:-1]
    ]
    assert named[0]["down_revision"] == ""
