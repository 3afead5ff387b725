"""What a role may do besides reading and writing tables: hold no lock of its own choice, enter no other database."""

import psycopg
import pytest

from runtime.database import roles
from schemas.services import SERVICES
from tests.support.database import Database

WORKING_ROLES = [role for role in roles.ROLES if role != roles.OWNER]
ADVISORY = """
SELECT CAST(CAST(oid AS regprocedure) AS text) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname LIKE 'pg%%advisory%%'
"""
CHANGES = {"accord_consent", "accord_law_enforcement_bridge", "accord_referrals"}
SUBJECT = "ARRAY[4711::bigint]"


def refused(database: Database, role: str, statement: str) -> bool:
    with psycopg.connect(database.url(role).replace("+psycopg", ""), autocommit=True) as connection:
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


def who_may(database: Database, statement: str) -> set[str]:
    return {role for role in WORKING_ROLES if not refused(database, role, statement)}


@pytest.mark.parametrize("role", WORKING_ROLES)
def test_m2_no_role_takes_a_lock_of_its_own_choice(database: Database, role: str) -> None:
    with database.superuser() as connection:
        functions = [str(row[0]) for row in connection.execute(ADVISORY)]
        query = "SELECT has_function_privilege(%s, %s, 'EXECUTE')"
        may = [function for function in functions if connection.execute(query, [role, function]).fetchone() != (False,)]

    assert len(functions) > 15
    assert may == []
    assert refused(database, role, "SELECT pg_advisory_lock(4711)")


def test_m2_who_changes_consent_holds_a_subject_exclusive(database: Database) -> None:
    """The bridge and referrals do as well: what they record ends a release, or begins it."""
    doors = {f"accord_{service}" for service in SERVICES} - {"accord_audit", "accord_dashboard"} | {"accord_relay"}

    assert who_may(database, f"SELECT register.lock_exclusive({SUBJECT})") == CHANGES
    assert who_may(database, "SELECT register.hold_exclusive(gen_random_uuid())") == CHANGES
    assert who_may(database, f"SELECT register.lock_shared({SUBJECT})") == doors


def test_m2_a_key_of_a_repeat_meets_no_lock_of_another_kind(database: Database) -> None:
    """Whatever numbers a service names for a repeat, the relays' shards and the sweeps stay free."""
    with psycopg.connect(database.url("accord_audit").replace("+psycopg", "")) as service:
        for number in (2764, 24297):
            assert service.execute("SELECT carrying.lock_repeat(%s, 0)", [number]).fetchone() == (True,)
        with database.superuser() as outside:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %s AND classid < 2147483648"
            assert outside.execute(query, [service.info.backend_pid]).fetchone() == (0,)


def test_m2_what_the_server_leaves_open_is_named(database: Database) -> None:
    owner = database.url(roles.OWNER)
    closed = roles.open_to_all(owner)
    with database.superuser() as connection:
        connection.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")
        try:
            opened = roles.open_to_all(owner)
        finally:
            connection.execute("REVOKE EXECUTE ON FUNCTION pg_advisory_lock(bigint) FROM PUBLIC")

    assert (closed, opened) == ([], ["advisory locks"])


@pytest.mark.parametrize("name", ["postgres", "template1"])
def test_l6_no_role_enters_another_database(database: Database, name: str) -> None:
    for role in roles.ROLES:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(Database(database.postgres, name).url(role).replace("+psycopg", ""))


def test_l6_no_role_makes_a_temporary_table(database: Database) -> None:
    assert who_may(database, "CREATE TEMPORARY TABLE kept (what text)") == set()


def test_l7_the_relay_holds_subjects_and_reads_no_key(database: Database) -> None:
    assert refused(database, "accord_relay", 'SELECT wrapped_key FROM register."case"')
    assert refused(database, "accord_relay", f"SELECT register.hold_subjects({SUBJECT})")
    assert who_may(database, f"SELECT register.hold_subjects_without_keys({SUBJECT})") == {"accord_relay"}
