"""What the product defines, the product uses: a function that only tests call lives in tests."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import files, nodes, tree

ROOMS = ("schemas", "kernel", "runtime", "services", "cli", "devstack")
# What others check our record with: partners and witnesses, who run none of our services (ADR 0007).
FOR_OTHERS = {"cosign", "verify_consistency"}


def uses(path: Path) -> dict[str, list[int]]:
    """Return on which lines of a module each name is used."""
    lines = defaultdict[str, list[int]](list)
    for node in nodes(path, ast.Name):
        if isinstance(node.ctx, ast.Load):
            lines[node.id].append(node.lineno)
    for attribute in nodes(path, ast.Attribute):
        if isinstance(attribute.ctx, ast.Load):
            lines[attribute.attr].append(attribute.end_lineno or 0)
    return lines


def definitions(module: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in module.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if not node.decorator_list:
                yield node.name, node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node


def own_uses(lines: list[int], node: ast.stmt) -> int:
    """Return how many of these lines are within a definition."""
    return sum(node.lineno <= line <= (node.end_lineno or 0) for line in lines)


def test_no_definition_is_there_for_tests_alone() -> None:
    lines_of = {path: uses(path) for path in files(*ROOMS, migrations=False)}
    used = defaultdict[str, int](int)
    for lines in lines_of.values():
        for name, places in lines.items():
            used[name] += len(places)
    defined = [(path, *entry) for path in lines_of for entry in definitions(tree(path))]
    idle = {name for path, name, node in defined if used[name] == own_uses(lines_of[path].get(name, []), node)}

    assert {name for name in idle if not name.startswith("__")} == FOR_OTHERS
