"""Every role of the database on every table: what it may do is exactly what is written here, tried by doing it."""

from collections import defaultdict
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from runtime.database import roles
from schemas.services import SERVICES
from tests.support.database import Database

MATRIX = Path(__file__).with_name("database_matrix.txt")
TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
    AND n.nspname = ANY(%s)
GROUP BY n.nspname, c.relname ORDER BY 1, 2
"""
WRITTEN_WALLS = Path(__file__).with_name("database_walls.txt")
WALLS = """
SELECT concat_ws(' ', schemaname || '.' || tablename, policyname, lower(cmd),
    array_to_string(roles, ','),
    regexp_replace(concat_ws(' CHECK ', qual, with_check), '\\s+', ' ', 'g'))
FROM pg_policies WHERE schemaname = ANY(%s)
"""
OURS = ["register", "carrying", "ledger", *SERVICES]
WORKING_ROLES = [role for role in roles.ROLES if role != roles.OWNER]


def tables(database: Database) -> dict[tuple[str, str], list[str]]:
    with database.superuser() as connection:
        return {(str(r[0]), str(r[1])): list(r[2]) for r in connection.execute(TABLES, [OURS])}  # type: ignore[call-overload]


def allowed(connection: "psycopg.Connection[tuple[object, ...]]", statement: sql.SQL | sql.Composed) -> bool:
    """Try a statement that touches no row; tell whether the server let it."""
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def powers(connection: "psycopg.Connection[tuple[object, ...]]", schema: str, table: str, columns: list[str]) -> str:
    """Return what a role can do: S I U D for the whole table, s(...) and u(...) for some columns of it."""
    place = sql.Identifier(schema, table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))

    def on(words: str, **parts: sql.Composable) -> bool:
        return allowed(connection, sql.SQL(words).format(place=place, **parts))

    insert = "INSERT INTO {place} ({names}) OVERRIDING SYSTEM VALUE VALUES ({nothing})"
    nothing = sql.SQL(", ").join([sql.SQL("NULL")] * len(columns))
    reading = [column for column in columns if on("SELECT {one} FROM {place} LIMIT 0", one=sql.Identifier(column))]
    change = "UPDATE {place} SET {one} = {one} WHERE false"
    changing = [column for column in columns if on(change, one=sql.Identifier(column))]
    words = [_named("S", reading, columns)]
    words.append("I" if _inserts(connection, sql.SQL(insert).format(place=place, names=names, nothing=nothing)) else "")
    words.append(_named("U", changing, columns))
    words.append("D" if on("DELETE FROM {place} WHERE false") else "")
    return " ".join(word for word in words if word)


def _named(letter: str, some: list[str], columns: list[str]) -> str:
    if not some:
        return ""
    return letter if some == columns else f"{letter.lower()}({','.join(some)})"


def _inserts(connection: "psycopg.Connection[tuple[object, ...]]", statement: sql.SQL | sql.Composed) -> bool:
    """Try to insert nothing at all: a role that may is stopped by a constraint, one that may not by its privilege."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as refused:
        return "row-level security" in str(refused)
    except psycopg.Error:
        return True
    return True


def actual_matrix(database: Database) -> dict[str, dict[str, str]]:
    everything = tables(database)
    matrix: dict[str, dict[str, str]] = defaultdict(dict)
    for role in WORKING_ROLES:
        with psycopg.connect(database.url(role).replace("+psycopg", ""), autocommit=True) as connection:
            for (schema, table), columns in everything.items():
                can = powers(connection, schema, table, columns)
                if can:
                    matrix[role][f"{schema}.{table}"] = can
    return matrix


def written() -> dict[str, dict[str, str]]:
    matrix: dict[str, dict[str, str]] = defaultdict(dict)
    for line in MATRIX.read_text().splitlines():
        if line and not line.startswith("#"):
            role, table, can = line.split(maxsplit=2)
            matrix[role][table] = can
    return matrix


@pytest.fixture(scope="module")
def matrix(database: Database) -> dict[str, dict[str, str]]:
    return actual_matrix(database)


@pytest.mark.parametrize("role", WORKING_ROLES)
def test_a_role_can_do_exactly_what_is_written(matrix: dict[str, dict[str, str]], role: str) -> None:
    assert matrix[role] == written()[role]


@pytest.mark.parametrize("role", WORKING_ROLES)
def test_no_working_role_owns_or_passes_by_a_wall(database: Database, role: str) -> None:
    with database.superuser() as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,"
            " (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid) FROM pg_roles r WHERE rolname = %s",
            [role],
        ).fetchone()

    assert row == (False, False, False, False, 0)


def walls() -> list[str]:
    return [line for line in WRITTEN_WALLS.read_text().splitlines() if line and not line.startswith("#")]


def test_a_wall_says_exactly_what_is_written(database: Database) -> None:
    with database.superuser() as connection:
        actual = sorted(str(line) for (line,) in connection.execute(WALLS, [OURS]))

    assert actual == walls()


def test_every_table_with_a_wall_binds_its_owner_too(database: Database) -> None:
    query = """SELECT n.nspname || '.' || relname, relforcerowsecurity FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relrowsecurity AND n.nspname = ANY(%s)"""
    with database.superuser() as connection:
        walled = connection.execute(query, [OURS]).fetchall()

    assert {name for name, _ in walled} == {line.split()[0] for line in walls()}
    assert all(forced for _, forced in walled)
