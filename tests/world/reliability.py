"""Writes docs/reliability.md from the proofs that are kept: `make reliability`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.world.proving import Proof, proofs

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
SUITES: Final = {
    "faults": "Killed, stopped and raced",
    "leaks": "Listened to",
    "fuzz": "Lied to",
    "planted": "Controls that are real",
}
HEAD: Final = """# Reliability: what was tried, and what was found

Written by `make reliability` from what the suites leave in `.run/proofs`; no figure is written by hand. `make faults`,
`make leaks`, `make fuzz` and `make planted` make them anew; `ROUNDS=long` tries more, `SEED=n` tries the same again.
A suite that could not run leaves no line.
"""


def page() -> str:
    """Return the page as Markdown: a table a suite, a line a check."""
    return "\n".join([HEAD, *(line for suite in SUITES for line in _section(suite))])


def _section(suite: str) -> Iterator[str]:
    found = [proof for proof in proofs() if proof.suite == suite]
    if not found:
        return
    yield f"## {SUITES[suite]}"
    yield f"On: {'; '.join(sorted({proof.machine for proof in found}))}."
    yield ""
    yield "| check | tried and found | how to have it again | ended |"
    yield "|---|---|---|---|"
    yield from map(_row, found)
    yield ""


def _row(proof: Proof) -> str:
    figures = ", ".join(f"{name.replace('_', ' ')} **{_said(figure)}**" for name, figure in proof.figures.items())
    again = f"`make {proof.suite}`" if proof.suite == "planted" else _command(proof)
    return f"| {proof.name} | {figures} | {again} | {proof.ended_at[:10]} |"


def _command(proof: Proof) -> str:
    rounds = "" if proof.rounds == "short" else f"ROUNDS={proof.rounds} "
    return f"`{rounds}SEED={proof.seed} make {proof.suite}`"


def _said(figure: int | float | str) -> str:
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


if __name__ == "__main__":
    PAGE.write_text(page())
