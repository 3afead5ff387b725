"""`town.json`: where everything is. Any client, script or test can work from it alone."""

from __future__ import annotations

from pathlib import Path

from cli.errors import SetupError
from cli.run import Run, write_whole
from schemas.town import Town


class NoTown(SetupError):
    """There is no running town in this folder."""


def read(folder: Path) -> Town:
    """Return the town of a run folder; raises `NoTown` where there is none."""
    file = folder / "town.json"
    try:
        return Town.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        problem, fix = f"There is no town in {folder}", "Start one with `accord up`, or name its folder with --run."
    except OSError as refusal:
        problem, fix = f"{file} can not be read: {refusal.strerror}", "Be the user who started the town."
    except ValueError:
        problem, fix = f"{file} is not a town's", "Put it right from a copy, or start another town with --run."
    raise NoTown(problem, fix)


def write(run: Run, town: Town) -> None:
    """Write `town.json` for us alone, as it holds the passwords of the database; a reader never sees half of it."""
    write_whole(run.town_file, town.model_dump_json(indent=2) + "\n")
