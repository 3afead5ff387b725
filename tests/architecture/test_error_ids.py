"""Whatever is logged of a caught error bears its id (`runtime.telemetry.error_ids`)."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.named import ROOT
from tests.architecture.sources import files, nodes, walk

NAMED = ("error_id", "described")


def log_calls(path: Path) -> Iterator[tuple[ast.ExceptHandler, ast.Call]]:
    for handler in nodes(path, ast.ExceptHandler):
        for node in walk(handler):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
                yield handler, node


def test_every_error_that_is_logged_bears_its_id() -> None:
    calls = [(path, handler, call) for path in files("runtime", "services") for handler, call in log_calls(path)]

    assert len(calls) > 10
    assert not [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, handler, call in calls
        if not any(word in ast.unparse(handler) for word in NAMED)
    ]
