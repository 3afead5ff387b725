"""Every rule of law is on the list once, with a test that exists or with what is missing."""

import re

import pytest

from tests.architecture.named import ROOT, TEST_ID, missing_tests, table_rows

RULES = [f"R{number}" for number in range(1, 47)]
CELLS = 5
ROWS = table_rows("law.md", r"R\d")
TEXTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_rule_is_listed_once() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(RULES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_rule_names_place_and_test_or_what_is_missing(row: list[str]) -> None:
    assert len(row) == CELLS
    assert all(row)
    assert TEST_ID.search(row[-1]) or re.search(r"\blater: \w", row[-1])


def test_a_test_that_a_text_names_is_there() -> None:
    missing = {str(text.relative_to(ROOT)): missing_tests(text.read_text()) for text in TEXTS}

    assert not {text: tests for text, tests in missing.items() if tests}


def test_what_awaits_a_lawyer_is_printed_nowhere_with_its_mark() -> None:
    assert not [str(text.relative_to(ROOT)) for text in TEXTS if re.search(r"\[(?:mem|inf)\b", text.read_text())]
