"""Writes docs/reliability.md from the proofs that are kept: `make reliability`.

A machine keeps the proofs of its own runs only, and a long form is not had every day.  So a line stands until the same
check, in the same form, was had anew; the day on which it ended stands beside it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.rounds import Proof, proofs

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
SUITES: Final = {
    "faults": "Killed, stopped and raced",
    "leaks": "Listened to",
    "fuzz": "Lied to",
    "adversary": "Attacked while stops are recorded",
    "mutation": "Controls that are real",
}
HEAD: Final = """# Reliability: what was tried, and what was found

Written by `make reliability` from what the suites leave in `.run/proofs`; no figure is written by hand. `make faults`,
`make leaks`, `make fuzz`, `make adversary` and `make mutation` make them anew; `ROUNDS=long` tries more, `SEED=n` tries
the same again. A suite that could not run leaves no line.
"""


def page(before: str) -> str:
    """Return the page as Markdown: a table a suite, a line a check; `before` is the page as it stood."""
    return "\n".join([HEAD, *(line for suite in SUITES for line in _section(suite, _lines(before, suite)))])


def _lines(before: str, suite: str) -> tuple[str, list[str]]:
    """Return the machines that a section of the page names, and its lines."""
    _, _, rest = before.partition(f"## {SUITES[suite]}\n")
    section = rest.partition("\n## ")[0].splitlines()
    machines = next((line.removeprefix("On: ").rstrip(".") for line in section if line.startswith("On: ")), "")
    return machines, [line for line in section if line.startswith("| ") and not line.startswith("| check ")]


def _section(suite: str, before: tuple[str, list[str]]) -> Iterator[str]:
    recorded = [proof for proof in proofs() if proof.suite == suite]
    fresh = [_row(proof) for proof in recorded]
    earlier_lines = [line for line in before[1] if _check(line) not in set(map(_check, fresh))]
    machines = {proof.machine for proof in recorded} | ({*before[0].split("; ")} if earlier_lines else set())
    if not fresh and not earlier_lines:
        return
    yield f"## {SUITES[suite]}"
    yield f"On: {'; '.join(sorted(machines))}."
    yield ""
    yield "| check | tried and found | how to have it again | ended |"
    yield "|---|---|---|---|"
    yield from sorted(fresh + earlier_lines, key=_check)
    yield ""


def _check(line: str) -> tuple[str, str]:
    """Return which check a line is about, and in which form."""
    form = re.search(r"`ROUNDS=(\S+) ", line)
    return line.split(" | ")[0], form[1] if form else ""


def _row(proof: Proof) -> str:
    figures = ", ".join(
        f"{name.replace('_', ' ')} **{_figure_text(figure)}**" for name, figure in proof.figures.items()
    )
    again = f"`make {proof.suite}`" if proof.suite == "mutation" else _command(proof)
    return f"| {proof.name} | {figures} | {again} | {proof.ended_at[:10]} |"


def _command(proof: Proof) -> str:
    rounds = "" if proof.rounds == "short" else f"ROUNDS={proof.rounds} "
    return f"`{rounds}SEED={proof.seed} make {proof.suite}`"


def _figure_text(figure: int | float | str) -> str:
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
