"""The roles of the database: one a service, none of them an owner of what it reads."""

from __future__ import annotations

import psycopg
from psycopg import sql

from runtime.names import SERVICES

DATABASE = "accord"
OWNER = "accord_owner"
ROLES = (OWNER, *(f"accord_{service}" for service in SERVICES), "accord_relay", "accord_issuer", "accord_admin")


def create(superuser_url: str, passwords: dict[str, str], database: str = DATABASE) -> None:
    """Make the database and each role of `ROLES`, with its password from `passwords`.

    Repeating it is harmless: what is there stays, passwords are set anew. Raises `KeyError` for a role without one.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role in ROLES:
            _create_role(connection, role, passwords[role])
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if there is None:
            made = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
            connection.execute(made)
        closed = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        connection.execute(closed)
        roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), roles))


def _create_role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("CREATE ROLE") if there is None else sql.SQL("ALTER ROLE")
    options = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD")
    statement = sql.SQL("{} {} {} {}").format(verb, sql.Identifier(role), options, sql.Literal(password))
    connection.execute(statement)
