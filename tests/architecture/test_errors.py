"""The tree of our errors in `runtime/error_kinds.py` is the tree of the classes."""

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache

from runtime import error_kinds
from tests.architecture.sources import files, tree

PRODUCT = ("schemas", "kernel", "runtime", "services")
LINE = re.compile(r"^( +)(\w+) {2,}\S", re.MULTILINE)
ROOTS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}
INDENT = 2


def documented() -> dict[str, str]:
    """Return the parent of each error that the docstring draws."""
    parents, line = dict[str, str](), list[str]()
    drawing = (error_kinds.__doc__ or "").partition("\n\nException\n")[2]
    for text in ["Exception", *drawing.splitlines()]:
        name = text.split()[0]
        depth = (len(text) - len(text.lstrip())) // INDENT
        line[depth:] = [name]
        if depth:
            parents[name] = line[depth - 1]
    return parents


def classes() -> Iterator[tuple[str, list[str]]]:
    """Yield each class of the product with the last names of its bases."""
    for path in (path for room in PRODUCT for path in files(room)):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef):
                yield node.name, [ast.unparse(base).split(".")[-1] for base in node.bases]


@cache
def errors() -> dict[str, str]:
    """Return the parent of each class of the product that is an error."""
    parents, names = dict[str, str](), {*ROOTS, "OperationalError"}
    bases_of = dict(classes())
    while new := {
        name: base for name, bases in bases_of.items() for base in bases if base in names and name not in names
    }:
        parents |= new
        names |= new.keys()
    return parents


def test_the_tree_of_errors_is_that_of_the_classes() -> None:
    assert documented() == errors()


def test_each_error_says_in_one_line_what_it_means() -> None:
    lines = {name for _, name in LINE.findall(error_kinds.__doc__ or "")}

    assert lines == errors().keys()
