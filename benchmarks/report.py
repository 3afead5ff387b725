"""Writes docs/performance.md from the figures that are kept in `.run/bench`; no figure is written by hand."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measurement import FOLDER, Figure

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
    "board",
    "pages",
    "live",
    "reviews",
    "attacks",
    "bodies",
    "memory",
    "start",
    "surges",
)
FIGURE: Final = re.compile(r"^- \*\*(.*)\*\* \(.*(?:\n  - .*)*", re.M)
HEAD: Final = """# Performance: what was measured, against what, and where the limit lies

Written by `make bench` from what `benchmarks/` measures; no figure is written by hand. Each stands against a baseline
that was measured in the same run, in turns, and is the median of the rounds; the spread is what lies between the best
round and the worst. Trust ratios: absolute figures are those of the machine named, with whatever measures on it too.
`ROUNDS=long make bench` measures longer, `make bench B=name` one of them. A figure stays until it was measured anew in
the same form, here or on another machine.
"""


def figures() -> list[Figure]:
    """Return every figure that is kept."""
    return [Figure(**json.loads(file.read_text())) for file in sorted(FOLDER.glob("*/*.json"))]


def page(older: str = "") -> str:
    """Return the page as Markdown; figures of `older`, the page of before, stay in it unless measured anew."""
    measured = figures()
    rows = _rows(older) | {figure.title: _row(figure) for figure in measured}
    lines = [HEAD, *_machines(measured, older), "", "| figure | is | goal | spread | |", "|---|---|---|---|---|"]
    sections = []
    for script in SCRIPTS:
        title, _, description = _docstring(script).partition("\n")
        own = {figure.title: _entry(figure) for figure in measured if figure.script == script}
        entries = dict(sorted((_of_section(older, title) | own).items()))
        lines += [rows[name] for name in entries]
        if entries:
            sections += [f"## {title}", description.strip(), "", *entries.values(), ""]
    return "\n".join([*lines, "", *sections])


def _machines(measured: list[Figure], older: str) -> Iterator[str]:
    named = {figure.machine for figure in measured} | set(re.findall(r"^On: (.*)\.$", older, re.M))
    yield f"On: {'; '.join(sorted({machine for names in named for machine in names.split('; ')}))}."


def _row(figure: Figure) -> str:
    verdict = {True: "met", False: "**missed**", None: ""}[figure.met]
    return f"| {figure.title} | {figure.value:,.3g} {figure.unit} | {figure.goal} | {figure.spread:.0%} | {verdict} |"


def _entry(figure: Figure) -> str:
    """Return a figure with all that was compared."""
    head = f"- **{figure.title}** ({figure.rounds} rounds, {figure.ended_at[:10]})"
    return "\n".join([head, *(f"  - {name}: {text}" for name, text in (figure.compared | figure.notes).items())])


def _docstring(script: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / "benchmarks" / f"{script}.py").read_text())) or script


def _rows(older: str) -> dict[str, str]:
    return {row.split(" | ")[0].removeprefix("| "): row for row in re.findall(r"^\| .* \|$", older, re.M)}


def _of_section(older: str, title: str) -> dict[str, str]:
    """Return the entries of an older page under this title, by figure."""
    _, _, section = older.partition(f"## {title}\n")
    return {match[1]: match[0] for match in FIGURE.finditer(section.partition("\n## ")[0])}


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text() if PAGE.exists() else ""))


if __name__ == "__main__":
    write()
