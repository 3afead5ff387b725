"""Each package of kernel and runtime shows at its head how it is used: the kernel's is run, runtime's resolves."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

from tests.architecture.named import ROOT

MOST_LINES = 15
PURE = {"runtime.auth", "runtime.messaging"}  # these need no server and are run as well
PACKAGES = sorted(
    ".".join(file.parent.relative_to(ROOT).parts)
    for room in ("kernel", "runtime")
    for file in (ROOT / room).rglob("__init__.py")
    if "migrations" not in file.parts
)
RUN = [name for name in PACKAGES if name.startswith("kernel") or name in PURE]


def head(package: str) -> str:
    file = ROOT / Path(*package.split("."), "__init__.py")
    return ast.get_docstring(ast.parse(file.read_text())) or ""


def source(package: str) -> str:
    return "".join(example.source for example in doctest.DocTestParser().get_examples(head(package)))


def missing_names(tree: ast.Module) -> list[str]:
    """Return what an example takes of a name that it imports and that is not there; raises `ImportError`."""
    imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names: dict[str, object] = {}
    exec(compile(ast.Module(imports, []), "imports", "exec"), names)  # noqa: S102 - imports of our own, no more
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    pairs = [(node.value.id, node.attr) for node in attributes if isinstance(node.value, ast.Name)]
    return [f"{name}.{attribute}" for name, attribute in pairs if name in names and not hasattr(names[name], attribute)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_begins_with_a_short_example(package: str) -> None:
    lines = [line for line in head(package).splitlines() if line.startswith((">>> ", "... "))]

    assert 0 < len(lines) <= MOST_LINES
    compile(source(package), package, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("package", RUN)
def test_an_example_without_a_server_gives_what_it_says(package: str) -> None:
    results = doctest.testmod(importlib.import_module(package), raise_on_error=True)

    assert results.attempted


@pytest.mark.exhaustive
@pytest.mark.parametrize("package", PACKAGES)
def test_what_an_example_names_exists(package: str) -> None:
    assert missing_names(ast.parse(source(package))) == []
