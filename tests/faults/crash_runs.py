"""Every named point at which a process may be told to die, found in the code by reading it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
# Each process with the points that it passes when the town is at work, in the order in which it dies there.
TURNS: Final = {
    "intake": ["edge.before_commit"],
    "consent": ["edge.after_commit"],
    "exchange": ["opening.before_commit", "opening.after_commit", "answer.before_sending"],
    "exchange-worker": ["worker.before_commit", "worker.after_commit", "worker.before_ack"],
    "exchange-relay": [
        "relay.after_claim",
        "relay.after_number",
        "relay.after_post",
        "relay.before_report",
        "relay.after_produce",
        "relay.before_commit",
        "relay.after_commit",
    ],
    "notifications-worker": [
        "sender.after_claim",
        "sender.after_hand_on",
        "sender.before_commit",
        "sender.after_commit",
        "worker.before_commit",
    ],
    "referrals": ["round.before_commit", "round.after_commit"],
    "audit": [
        "sequencer.after_take",
        "sequencer.after_move",
        "sequencer.before_commit",
        "sequencer.after_commit",
    ],
}


def points() -> set[str]:
    """Return the names of all points in the product."""
    return {name for room in ("runtime", "services") for file in (ROOT / room).rglob("*.py") for name in _in(file)}


def _in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoints.hit":
            (name,) = node.args
            assert isinstance(name, ast.Constant), f"{file}: a point has a name that can be read"
            yield str(name.value)
