"""The product's database in the PostgreSQL of the session: every role, every schema, made once."""

from dataclasses import dataclass, field

import psycopg
import pytest

from devstack.postgres import Postgres
from runtime.database import migrate, roles

DRIVER = "postgresql+psycopg"
PASSWORD = "test"


@dataclass(frozen=True)
class Database:
    """Where each role finds the database."""

    postgres: Postgres = field(repr=False)
    name: str = roles.DATABASE

    def url(self, role: str) -> str:
        """Return the address for `role`, such as "accord_intake"."""
        return self.postgres.url(role, PASSWORD, self.name, scheme=DRIVER)

    def superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Return a connection that nothing is forbidden to: what an outside checker reads with."""
        return psycopg.connect(self.postgres.superuser_url(self.name), autocommit=True)


def a_database(postgres: Postgres, name: str) -> Database:
    """Make a database of the product's with all roles and migrations, apart from every other of the server."""
    roles.create(postgres.superuser_url(), dict.fromkeys(roles.ROLES, PASSWORD), name)
    database = Database(postgres, name)
    migrate.upgrade_all(database.url(roles.OWNER))
    return database


@pytest.fixture(scope="session")
def database(postgres: Postgres) -> Database:
    """The product's database for all tests that need no other; use agencies and cases of your own in it."""
    return a_database(postgres, roles.DATABASE)
