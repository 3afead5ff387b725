"""Migrations: one Alembic line of versions for the carrying room, one a service, each in its own schema."""

from __future__ import annotations

from importlib import resources

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from psycopg import sql

from runtime.database.engine import OLDEST_SERVER
from schemas.services import SERVICES

RUNTIME = "register"
PLACES = {RUNTIME: "runtime.migrations", **{service: f"services.{service}.migrations" for service in SERVICES}}


def upgrade(owner_url: str, place: str, revision: str = "head") -> None:
    """Bring the schema `place` (a key of `PLACES`) to `revision`, as the owning role.

    Each version runs in one transaction: a migration that is killed leaves the old state.
    """
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(place)))
    config = Config()
    config.set_main_option("script_location", str(resources.files(PLACES[place])))
    config.attributes.update(url=owner_url, schema=place)
    command.upgrade(config, revision)


class TooOld(Exception):
    """The server is older than the limits need by which it ends what would delay a stop."""


def upgrade_all(owner_url: str) -> None:
    """Bring every schema to its newest version, the carrying room first; raises `TooOld` before PostgreSQL 17."""
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise TooOld
    for place in PLACES:
        upgrade(owner_url, place)


def run() -> None:
    """Run the versions that Alembic asks for; each `migrations/env.py` is this one call."""
    from alembic import context  # only there while Alembic runs an env.py

    attributes = context.config.attributes
    bound = sqlalchemy.create_engine(attributes["url"], hide_parameters=True)
    with bound.connect() as connection:
        context.configure(
            connection=connection,
            version_table="schema_version",
            version_table_schema=attributes["schema"],
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    bound.dispose()
