"""Every finding of an adversary is on the list once, with what holds now and a test that bears its id."""

import re
from collections import Counter

import pytest

from tests.architecture.named import TEST_ID, table_rows

FINDINGS = [
    "C1",
    *(f"H{number}" for number in range(1, 14)),
    *(f"M{number}" for number in range(1, 12)),
    *(f"L{number}" for number in range(1, 15)),
    *(f"D{number}" for number in range(1, 20)),
]
# Argued and never shown: a line that says why it stays open will do.
ARGUED = {"L8", "L9", "L10", "L11", "L12", "L13", "L14"}
LATER = {"D6"}  # the partners' interface: generated clients and problem texts
CELLS = 4
ROWS = table_rows("threat-model.md", r"[CHMLD]\d")


def test_every_finding_is_listed_once() -> None:
    assert Counter(row[0] for row in ROWS) == Counter(FINDINGS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_finding_names_a_test_that_bears_its_id(row: list[str]) -> None:
    assert len(row) == CELLS
    assert all(row)
    finding, tests = row[0], TEST_ID.findall(row[-1])
    if finding in ARGUED | LATER and "open:" in row[-1]:
        return
    assert any(re.search(rf"_{finding.lower()}_", name) for name in tests), f"no test of {finding} is named"
