"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.run import RUNS

if TYPE_CHECKING:
    from schemas.town import Town  # slow to import, and not every command asks for the town

RunFolder = Annotated[Path, typer.Option("--run", file_okay=False, help="the run folder", show_default=".run/town")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
DEFAULT_RUN = RUNS / "town"


def running_town(folder: Path) -> Town:
    """Return the town of a run folder; raises `NoTown` where nothing was started there."""
    from cli import town

    return town.read(folder)
