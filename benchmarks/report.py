"""Writes docs/performance.md from the figures that are kept in `.run/bench`; no figure is written by hand."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measuring import FOLDER, Figure

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "performance.md"
# In the order of the page.
SCRIPTS: Final = (
    "decisions",
    "sealing",
    "offers",
    "openings",
    "delivery",
    "relay",
    "worker",
    "revocation",
    "ledger",
    "tracing",
    "growth",
    "memory",
    "start",
    "surges",
)
HEAD: Final = """# Performance: what was measured, against what, and where the limit lies

Written by `make bench` from what `benchmarks/` measures; no figure is written by hand. Each stands against a baseline
that was measured in the same run, in turns, and is the median of the rounds; the spread is what lies between the best
round and the worst. Trust ratios: absolute figures are those of the machine named, with whatever measures on it too.
`ROUNDS=long make bench` measures longer, `make bench B=name` one of them.
"""


def figures() -> list[Figure]:
    """Return every figure that is kept."""
    return [Figure(**json.loads(file.read_text())) for file in sorted(FOLDER.glob("*/*.json"))]


def page() -> str:
    """Return the page as Markdown."""
    found = figures()
    lines = [HEAD, *_summary(found), ""]
    for script in SCRIPTS:
        own = [one for one in found if one.script == script]
        if own:
            lines += [*_section(script, own), ""]
    return "\n".join(lines)


def _summary(found: list[Figure]) -> Iterator[str]:
    yield f"On: {'; '.join(sorted({one.machine for one in found}))}."
    yield ""
    yield "| figure | is | goal | spread | |"
    yield "|---|---|---|---|---|"
    for script in SCRIPTS:
        for one in (one for one in found if one.script == script):
            met = {True: "met", False: "**missed**", None: ""}[one.met]
            yield f"| {one.name} | {one.value:,.3g} {one.unit} | {one.goal} | {one.spread:.0%} | {met} |"


def _section(script: str, own: list[Figure]) -> Iterator[str]:
    """Yield what the script says of itself, and each of its figures with all that was compared."""
    said = ast.get_docstring(ast.parse((ROOT / "benchmarks" / f"{script}.py").read_text())) or script
    title, _, rest = said.partition("\n")
    yield f"## {title}"
    yield rest.strip()
    yield ""
    for one in own:
        yield f"- **{one.name}** ({one.rounds} rounds, {one.ended_at[:10]})"
        yield from (f"  - {name}: {told}" for name, told in one.compared.items())
        yield from (f"  - {name}: {told}" for name, told in one.notes.items())


def write() -> None:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    write()
