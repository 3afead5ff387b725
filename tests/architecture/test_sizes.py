"""The hard limits of how our code reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "kernel", "runtime", "services", "cli", "devstack")
LONGEST_FUNCTION = 60
LONGEST_FILE = 300
FORBIDDEN_NAMES = ("manager", "helper", "util", "utils", "common", "base", "processor", "dto")


def modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    long = [f.name for f in functions(ast.parse(text)) if (f.end_lineno or 0) - f.lineno + 1 > LONGEST_FUNCTION]

    assert not long
    assert len(text.splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_hides_behind_a_name_that_says_nothing(path: Path) -> None:
    assert not set(path.relative_to(ROOT).with_suffix("").parts) & set(FORBIDDEN_NAMES)


def test_no_safety_suite_skips() -> None:
    suites = [ROOT / "tests" / name for name in ("faults", "fuzz", "journeys", "leaks")]
    texts = [path.read_text() for suite in suites for path in suite.rglob("*.py")]

    assert not [text for text in texts if "pytest.skip" in text or "mark.skip" in text or "xfail" in text]
