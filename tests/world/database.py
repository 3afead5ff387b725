"""The product's database in the PostgreSQL of the session: every role, every schema, made once."""

from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from infra.embedded.postgres import Postgres
from runtime.database import migrate, roles

DRIVER = "postgresql+psycopg"
PASSWORD = "test"


@dataclass(frozen=True)
class Database:
    """Where each role finds the database."""

    postgres: Postgres = field(repr=False)

    def url(self, role: str) -> str:
        """Return the address for `role`, such as "accord_intake"."""
        return self.postgres.url(role, PASSWORD, roles.DATABASE, scheme=DRIVER)

    def superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Return a connection that nothing is forbidden to: what an outside checker reads with."""
        return psycopg.connect(self.postgres.superuser_url(roles.DATABASE), autocommit=True)


@pytest.fixture(scope="session")
def database(postgres: Postgres) -> Database:
    """The product's database with all roles and migrations; use agencies and cases of your own in it."""
    roles.create(postgres.superuser_url(), dict.fromkeys(roles.ROLES, PASSWORD))
    made = Database(postgres)
    for place, module in migrate.PLACES.items():
        if (Path(__file__).parents[2] / module.replace(".", "/") / "env.py").exists():
            migrate.upgrade(made.url(roles.OWNER), place)
    return made
