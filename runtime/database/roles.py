"""The roles of the database: one a service, none of them an owner of what it reads."""

from __future__ import annotations

import contextlib

import psycopg
from psycopg import sql

from schemas.services import SERVICES

DATABASE = "accord"
OWNER = "accord_owner"
ROLES = (OWNER, *(f"accord_{service}" for service in SERVICES), "accord_relay", "accord_issuer", "accord_admin")


# Whoever may call these may hold any lock for as long as it likes: they are for the owner's own functions alone.
ADVISORY = """
SELECT CAST(CAST(oid AS regprocedure) AS text) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_(try_)?advisory_'
"""
OPEN_TO_ALL = """
SELECT 'advisory locks' WHERE EXISTS (
    SELECT FROM pg_proc AS p, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS granted
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^pg_(try_)?advisory_' AND granted.grantee = 0)
UNION ALL SELECT 'database ' || d.datname FROM pg_database AS d
WHERE d.datname IN ('postgres', 'template1') AND EXISTS (
    SELECT FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) AS granted WHERE granted.grantee = 0)
"""
DATABASE_NAMED = "SELECT 1 FROM pg_database WHERE datname = %s"
ROLE_NAMED = "SELECT 1 FROM pg_roles WHERE rolname = %s"
OTHER_DATABASES = ("postgres", "template1")


def create(superuser_url: str, passwords: dict[str, str], database: str = DATABASE) -> None:
    """Make the database and each role of `ROLES`, with its password from `passwords`, and close what is open to all.

    Repeating it is harmless: what is there stays, passwords are set anew. Raises `KeyError` for a role without one.
    What the server does not let this user close stays open, and `open_to_all` names it.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role in ROLES:
            _create_role(connection, role, passwords[role])
        row = connection.execute(DATABASE_NAMED, (database,)).fetchone()
        if row is None:
            statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
            connection.execute(statement)
        closed = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        connection.execute(closed)
        roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), roles))
        for other in OTHER_DATABASES:
            _where_allowed(connection, sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(other)))
    _close_locks(psycopg.conninfo.make_conninfo(superuser_url, dbname=database))


def open_to_all(url: str) -> list[str]:
    """Return what every role of the server may still do, though only its administrator can tell it not to."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        return [str(row[0]) for row in connection.execute(OPEN_TO_ALL)]


def _close_locks(superuser_url: str) -> None:
    """Take the server's own lock functions from everybody in this database, and give them to the owner of ours."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for (function,) in connection.execute(ADVISORY).fetchall():
            named = sql.SQL(str(function))
            owner = sql.Identifier(OWNER)
            _where_allowed(connection, sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(named, owner))
            _where_allowed(connection, sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(named))


def _where_allowed(connection: psycopg.Connection[tuple[object, ...]], statement: sql.Composed) -> None:
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # `open_to_all` tells of it
        connection.execute(statement)


def _create_role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    row = connection.execute(ROLE_NAMED, (role,)).fetchone()
    verb = sql.SQL("CREATE ROLE") if row is None else sql.SQL("ALTER ROLE")
    options = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD")
    statement = sql.SQL("{} {} {} {}").format(verb, sql.Identifier(role), options, sql.Literal(password))
    connection.execute(statement)
