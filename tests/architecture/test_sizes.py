"""The hard limits of how our code reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "kernel", "runtime", "services", "cli", "devstack")
LONGEST_FUNCTION = 60
LONGEST_FILE = 300
FORBIDDEN_NAMES = ("manager", "helper", "util", "utils", "common", "base", "processor", "dto")


def modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def long_functions_of(text: str) -> Iterator[str]:
    tree = ast.parse(text if text.count("\n") > LONGEST_FUNCTION else "")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > LONGEST_FUNCTION:
            yield node.name


def test_a_file_can_be_read_in_one_sitting() -> None:
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in modules()}
    long_functions = [f"{path}: {name}" for path, text in texts.items() for name in long_functions_of(text)]

    assert not long_functions
    assert not [path for path, text in texts.items() if len(text.splitlines()) > LONGEST_FILE]


def test_no_module_hides_behind_a_name_that_says_nothing() -> None:
    paths = [path.relative_to(ROOT) for path in modules()]

    assert not [str(path) for path in paths if set(path.with_suffix("").parts) & set(FORBIDDEN_NAMES)]


def test_no_safety_suite_skips() -> None:
    suites = [ROOT / "tests" / name for name in ("faults", "fuzz", "journeys", "leaks")]
    texts = [path.read_text() for suite in suites for path in suite.rglob("*.py")]

    assert not [text for text in texts if "pytest.skip" in text or "mark.skip" in text or "xfail" in text]
