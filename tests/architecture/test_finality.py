"""Values made by the thousand are final and not frozen, as that costs a third of making one: mypy refuses a write."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernel.consent import Request
    from kernel.consent.parser import Grant
    from kernel.consent.table import Line
    from runtime.ledger.pending_entries import Leaf
    from runtime.messaging.outbox.queue import Message

    def _refused(request: Request, line: Line, grant: Grant, leaf: Leaf, message: Message) -> None:
        """Nobody calls this: mypy tells of an ignore that is not needed, so each line fails once a write is let by."""
        request.requested_mask = -1  # type: ignore[misc]
        request.key = ""  # type: ignore[misc]
        request.limit = -1  # type: ignore[misc]
        line.settled = -1  # type: ignore[misc]
        grant.mask = -1  # type: ignore[misc]
        leaf.header = b""  # type: ignore[misc]
        message.body = b""  # type: ignore[misc]


ROOT = Path(__file__).parents[2]
MARKED = re.compile(r"^@dataclass\(.*\)  # final, not frozen.*\nclass (\w+)", re.M)


def fields_of_final_values() -> Iterator[tuple[str, str]]:
    """Yield each field of each class that says it is final, with its annotation."""
    for file in (path for room in ("kernel", "runtime", "services") for path in sorted((ROOT / room).rglob("*.py"))):
        source = file.read_text()
        marked = set(MARKED.findall(source))
        for node in ast.parse(source).body if marked else ():
            if isinstance(node, ast.ClassDef) and node.name in marked:
                for line in (statement for statement in node.body if isinstance(statement, ast.AnnAssign)):
                    yield f"{node.name}.{ast.unparse(line.target)}", ast.unparse(line.annotation)


def test_values_that_say_so_are_found() -> None:
    named = {name.split(".")[0] for name, _ in fields_of_final_values()}

    assert named >= {"Request", "Line", "Grant", "Message", "Leaf", "Copy"}


def test_every_field_is_final() -> None:
    assert not [name for name, annotation in fields_of_final_values() if not annotation.startswith("Final[")]
