"""Run folders as `accord up` leaves them, for commands that need no running town, only its address book."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from typer.testing import CliRunner, Result

from cli.main import app
from runtime.database.roles import ROLES
from schemas.town import DatabasePlace, IssuerPlace, KafkaPlace, Town
from tests.support.database import Database


def a_run(folder: Path, database: Database) -> Path:
    """Write a town's address book with the database in it, and return the run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    town = Town(
        profile="development",
        run=str(folder),
        services={},
        issuer=IssuerPlace(url="", token_url="", jwks_url=""),
        kafka=KafkaPlace(
            bootstrap_servers="",
            security_protocol="",
            sasl_mechanism="",
            admin_user="",
            admin_password_file="",
            users={},
        ),
        database=DatabasePlace(
            host=database.postgres.host,
            port=database.postgres.port,
            name="accord",
            urls={role: database.url(role) for role in ROLES},
        ),
        agencies=(),
        people=(),
        processes={},
    )
    (folder / "town.json").write_text(town.model_dump_json())
    return folder


def accord(*words: str | Path | UUID) -> Result:
    """Type a command; in a thread, as a command runs a loop of its own."""
    typed = [str(word) for word in words]
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: CliRunner().invoke(app, typed)).result()
