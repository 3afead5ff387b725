"""The database by hand: migrations."""

from __future__ import annotations

import psycopg
import typer
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError

from cli.commands.options import DEFAULT_RUN, RunFolder, running_town
from cli.errors import SetupError
from cli.session import Away
from runtime.database import migrate, roles


def add(app: typer.Typer) -> None:
    """Add the commands."""
    database = typer.Typer(no_args_is_help=True, help="The database.")
    database.command("migrate")(upgrade)
    app.add_typer(database, name="db")


def upgrade(run: RunFolder = DEFAULT_RUN) -> None:
    """Bring every schema to its newest version."""
    owner = running_town(run).database.urls[roles.OWNER]
    try:
        migrate.upgrade_all(owner)
    except (psycopg.OperationalError, OperationalError) as refusal:
        raise Away from refusal
    except migrate.TooOld as refusal:
        raise SetupError("The database server is older than PostgreSQL 17", "Use PostgreSQL 17 or newer.") from refusal
    except CommandError as refusal:
        raise SetupError(
            f"The database is not of this version: {refusal}", "Use a newer version of Accord."
        ) from refusal
    for name in roles.open_to_all(owner):
        print(f"open to every role of the server: {name}; let its administrator revoke it (docs/threat-model.md, T6)")
    print("every schema is at its newest version")
