"""What the product defines, the product uses: a function that only tests call lives in tests."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache

from tests.architecture.named import ROOT

ROOMS = ("schemas", "kernel", "runtime", "services", "cli", "devstack")
# What others check our record with: partners and witnesses, who run none of our services (ADR 0007).
FOR_OTHERS = {"cosign", "verify_consistency"}


def uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                yield name


def definitions(module: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in module.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if not node.decorator_list:
                yield node.name, node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node


@cache
def modules() -> tuple[ast.Module, ...]:
    paths = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return tuple(ast.parse(path.read_text()) for path in paths if "migrations" not in path.parts)


def test_no_definition_is_there_for_tests_alone() -> None:
    used = Counter(name for module in modules() for name in uses(module))
    defined = [entry for module in modules() for entry in definitions(module)]
    idle = {name for name, node in defined if used[name] == sum(own == name for own in uses(node))}

    assert {name for name in idle if not name.startswith("__")} == FOR_OTHERS
