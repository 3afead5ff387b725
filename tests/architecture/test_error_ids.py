"""Whatever is logged of a caught error bears its id (`runtime.telemetry.error_ids`)."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.named import ROOT

NAMED = ("error_id", "described")


def log_calls(path: Path) -> Iterator[tuple[ast.ExceptHandler, ast.Call]]:
    handlers = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler))
    for handler in handlers:
        for node in ast.walk(handler):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
                yield handler, node


def test_every_error_that_is_logged_bears_its_id() -> None:
    files = [path for room in ("runtime", "services") for path in (ROOT / room).rglob("*.py")]
    calls = [(path, handler, call) for path in files for handler, call in log_calls(path)]

    assert len(calls) > 10
    assert not [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, handler, call in calls
        if not any(word in ast.unparse(handler) for word in NAMED)
    ]
