"""What was on record before a migration is on record after it."""

import pytest

from devstack.postgres import Postgres
from runtime.database import migrate, roles
from tests.support.database import PASSWORD, Database

TOLD_GRANTS = """
WITH subject AS (
    INSERT INTO register.subject (home_agency) VALUES ('bay-hotline') RETURNING subject_id
), made AS (
    INSERT INTO register.directive (subject_id, custodian, effect, valid_from, state, taxonomy_version, drafted_by,
        drafted_at)
    SELECT subject_id, 'bay-hotline', 'permit', now(), 'active', 1, 'ana', now() FROM subject, generate_series(1, 2)
    RETURNING directive_ref
)
INSERT INTO consent.told (agency_id, directive_ref, word)
SELECT 'bay-hotline', min(directive_ref::text)::uuid, word FROM made, unnest(ARRAY['granted', 'ends_in_a_week']) AS word
GROUP BY word
"""


@pytest.fixture
def before(postgres: Postgres) -> Database:
    """A database whose consent service is of its first version."""
    roles.create(postgres.superuser_url(), dict.fromkeys(roles.ROLES, PASSWORD), "accord_before")
    database = Database(postgres, "accord_before")
    migrate.upgrade(database.url(roles.OWNER), migrate.RUNTIME)
    migrate.upgrade(database.url(roles.OWNER), "consent", "0001")
    return database


def test_a_grant_that_was_told_is_announced_and_is_not_told_anew(before: Database) -> None:
    with before.superuser() as connection:
        connection.execute(
            "INSERT INTO register.agency (agency_id, name, kind) VALUES ('bay-hotline', 'Bay Hotline', 'hotline')"
        )
        connection.execute(TOLD_GRANTS)

    migrate.upgrade(before.url(roles.OWNER), "consent")

    with before.superuser() as connection:
        told_rows = connection.execute("SELECT directive_ref, word FROM consent.told").fetchall()
        announced = connection.execute("SELECT directive_ref FROM register.directive WHERE announced").fetchall()
    assert told_rows == [(*announced[0], "ends_in_a_week")]
    assert len(announced) == 1
