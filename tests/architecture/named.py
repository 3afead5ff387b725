"""Whether what a document names is there: read as text, so that nothing is imported or parsed to find out."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEST_ID = re.compile(r"tests/[\w./-]+\.py::test_\w+")
TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
PLACE = re.compile(r"`((?:schemas|kernel|runtime|services|cli|devstack|tests|docs)/[\w./-]*[\w/])`")


@cache
def tests_in(file: str) -> frozenset[str]:
    """Return the names of the tests of a file; none where the file does not exist."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    return frozenset(TEST.findall(path.read_text()))


def missing_tests(text: str) -> list[str]:
    """Return the tests that a text names and nobody wrote."""
    named = (test_id.partition("::") for test_id in TEST_ID.findall(text))
    return [f"{file}::{name}" for file, _, name in named if name not in tests_in(file)]


def missing_places(text: str) -> list[str]:
    """Return the files and folders of ours that a text names in code type and that are not there."""
    return [place for place in PLACE.findall(text) if not (ROOT / place).exists()]


def table_rows(page: str, identifier: str) -> list[list[str]]:
    """Return the cells of each row of a page in `docs` that begins with an identifier of this pattern."""
    lines = (ROOT / "docs" / page).read_text().splitlines()
    begins = re.compile(rf"\|\s*{identifier}")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if begins.match(line)]
