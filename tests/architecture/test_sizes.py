"""The hard limits of how our code reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.named import ROOT
from tests.architecture.sources import files, nodes, text

ROOMS = ("schemas", "kernel", "runtime", "services", "cli", "devstack")
LONGEST_FUNCTION = 60
LONGEST_FILE = 300
FORBIDDEN_NAMES = ("manager", "helper", "util", "utils", "common", "base", "processor", "dto")


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def long_functions_of(path: Path) -> Iterator[str]:
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
        *nodes(path, ast.FunctionDef),
        *nodes(path, ast.AsyncFunctionDef),
    ]
    return (function.name for function in functions if length(function) > LONGEST_FUNCTION)


def test_a_file_can_be_read_in_one_sitting() -> None:
    paths = files(*ROOMS)
    long_functions = [f"{path}: {name}" for path in paths for name in long_functions_of(path)]

    assert not long_functions
    assert not [path for path in paths if len(text(path).splitlines()) > LONGEST_FILE]


def test_no_module_hides_behind_a_name_that_says_nothing() -> None:
    paths = [path.relative_to(ROOT) for path in files(*ROOMS)]

    assert not [str(path) for path in paths if set(path.with_suffix("").parts) & set(FORBIDDEN_NAMES)]


def test_no_safety_suite_skips() -> None:
    suites = [ROOT / "tests" / name for name in ("faults", "fuzz", "journeys", "leaks")]
    sources = [path.read_text() for suite in suites for path in suite.rglob("*.py")]

    assert not [source for source in sources if "pytest.skip" in source or "mark.skip" in source or "xfail" in source]
