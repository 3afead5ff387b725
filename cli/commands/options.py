"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import town
from cli.run import RUNS, Run
from schemas.town import Town

RunFolder = Annotated[Path, typer.Option("--run", help="the run folder", show_default=".run/town")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
DEFAULT_RUN = RUNS / "town"


def running_town(folder: Path) -> tuple[Run, Town]:
    """Return the run folder and its town; raises `NoTown` where nothing was started there."""
    there = town.read(folder)
    return Run(folder), there
