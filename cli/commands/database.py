"""The database by hand: migrations."""

from __future__ import annotations

import typer

from cli.commands.options import DEFAULT_RUN, RunFolder, running_town
from runtime.database import migrate, roles


def add(app: typer.Typer) -> None:
    """Add the commands."""
    database = typer.Typer(no_args_is_help=True, help="The database.")
    database.command("migrate")(upgrade)
    app.add_typer(database, name="db")


def upgrade(run: RunFolder = DEFAULT_RUN) -> None:
    """Bring every schema to its newest version."""
    _, town = running_town(run)
    migrate.upgrade_all(town.database.urls[roles.OWNER])
    typer.echo("every schema is at its newest version")
