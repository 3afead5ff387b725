"""A contract is marked planned exactly as long as no service offers its fact."""

import ast
from collections.abc import Iterator

from schemas.asyncapi import document
from schemas.registry import CONTRACTS, PLANNED
from tests.architecture.sources import files, tree

# What is named in these is a type, or a fact that is acted on.
NOT_OFFERED = {"annotation", "returns", "keys", "pattern"}


def values(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        yield node.id if isinstance(node, ast.Name) else node.attr
    for field, child in ast.iter_fields(node):
        if field not in NOT_OFFERED:
            nodes = child if isinstance(child, list) else [child]
            yield from (name for part in nodes if isinstance(part, ast.AST) for name in values(part))


def offered() -> set[str]:
    paths = (path for path in files("services") if path.name != "consumers.py")
    names = {name for path in paths for name in values(tree(path))}
    return {fact.type for fact in CONTRACTS.values() if fact.__name__ in names}


def test_what_no_service_offers_is_planned() -> None:
    assert CONTRACTS.keys() - offered() == PLANNED


def test_asyncapi_marks_what_is_planned() -> None:
    messages = document()["components"]["messages"]

    assert {name for name, message in messages.items() if "x-accord-status" in message} == PLANNED
    assert {name for name, message in messages.items() if "no service offers it yet" in message["summary"]} == PLANNED
