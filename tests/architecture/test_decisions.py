"""A decision is one page that can be quoted, and names what keeps it."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.named import ROOT, TEST_ID, missing_places, missing_tests

FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "Consequences", "Not chosen", "Enforced by"]
LINES = 60  # of a page
INDEX = FOLDER / "README.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
LINT = PYPROJECT["tool"]["ruff"]["lint"]
RULES = set(LINT["select"]) | set(LINT["flake8-tidy-imports"]["banned-api"])
ENFORCER = re.compile(r"(?P<by>test|import-linter|ruff|Wish): (?P<said>.+)", re.DOTALL)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def parts(page: Path) -> dict[str, str]:
    """Return the text under each heading of a page, in its order."""
    pieces = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(pieces[::2], map(str.strip, pieces[1::2]), strict=True))


def points(text: str) -> list[str]:
    """Return the points of a list, each with the lines that belong to it."""
    return [point.strip() for point in re.split(r"^- ", text, flags=re.MULTILINE) if point.strip()]


def flaw(point: str) -> str | None:
    """Return what is wrong with a point of "Enforced by", or None."""
    read = ENFORCER.fullmatch(point)
    if read is None:
        return f"names no enforcer: {point}"
    named = re.findall(r"`([^`]+)`", read["said"])
    if read["by"] == "test":
        return None if TEST_ID.search(point) and not missing_tests(point) else f"no such test: {point}"
    rules = {"import-linter": CONTRACTS, "ruff": RULES}.get(read["by"])
    return None if rules is None or (named and set(named) <= rules) else f"no such rule: {point}"


def test_decisions_are_numbered_from_one_without_a_gap() -> None:
    assert [page.name[:5] for page in PAGES] == [f"{number:04}-" for number in range(1, len(PAGES) + 1)]


def test_the_index_has_a_line_for_each_decision() -> None:
    titles = {page.name: page.read_text().splitlines()[0].removeprefix(f"# {page.name[:4]} ") for page in PAGES}
    rows = re.findall(r"^\| \d{4} \| \[(.+)\]\((.+)\) \| .+ \|$", INDEX.read_text(), re.MULTILINE)

    assert [(name, title) for title, name in rows] == list(titles.items())


@every_page
def test_a_decision_is_one_page_in_five_parts(page: Path) -> None:
    lines = page.read_text().splitlines()

    assert lines[0].startswith(f"# {page.name[:4]} ")
    assert list(parts(page)) == PARTS
    assert all(parts(page).values())
    assert len(lines) <= LINES


@every_page
def test_what_was_decided_is_one_sentence(page: Path) -> None:
    lines = parts(page)["Decision"].splitlines()
    sentence = " ".join(line.removeprefix(">").strip() for line in lines if line.startswith(">"))

    assert sentence.endswith(".")
    assert ". " not in sentence


@every_page
def test_what_enforces_a_decision_is_there(page: Path) -> None:
    enforcers = points(parts(page)["Enforced by"])

    assert enforcers
    assert not [wrong for wrong in map(flaw, enforcers) if wrong]
    assert not missing_places(page.read_text())
