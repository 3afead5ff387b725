"""A ledger of a test's own: its own database, its own signing key, and leaves to put into it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from kernel.ledger import note
from kernel.ledger.entry import Act, Verdict
from kernel.ledger.verify import Finding, verify_log
from runtime.database import migrate, roles
from runtime.database.engine import sessions
from runtime.ledger import snapshot
from runtime.ledger.pending_entries import Leaf, append, leaf
from runtime.ledger.sequencer import BATCH, integrate, publish
from tests.support.database import DRIVER, PASSWORD, Database

ORIGIN = "town.example/ledger"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TYPE = "accord.incident.reported.v1"
CATEGORIES = ("identity", "needs")


@dataclass(frozen=True)
class OwnDatabase(Database):
    """A database beside the one that all tests share."""

    name: str = field(kw_only=True)

    def url(self, role: str) -> str:
        return self.postgres.url(role, PASSWORD, self.name, scheme=DRIVER)

    def superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.postgres.superuser_url(self.name), autocommit=True)


def own_database(shared: Database) -> OwnDatabase:
    """Make a database with the register, the carrying tables, an empty ledger, and the schema of audit."""
    database = OwnDatabase(shared.postgres, name=f"ledger_{token_hex(5)}")
    _create(shared, database.name, sql.SQL("OWNER {}").format(sql.Identifier(roles.OWNER)))
    migrate.upgrade(database.url(roles.OWNER), migrate.RUNTIME)
    migrate.upgrade(database.url(roles.OWNER), "audit")
    return database


def copy_of(database: OwnDatabase) -> OwnDatabase:
    """Copy a database that nobody is connected to."""
    copy = OwnDatabase(database.postgres, name=f"copy_{token_hex(5)}")
    _create(database, copy.name, sql.SQL("TEMPLATE {}").format(sql.Identifier(database.name)))
    return copy


def _create(beside: Database, name: str, how: sql.Composed) -> None:
    with psycopg.connect(beside.postgres.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), how))


@dataclass
class Log:
    """A ledger to write to, to sequence, to read as an outsider, and to tamper with."""

    database: OwnDatabase
    keys: tuple[str, str] = field(default_factory=lambda: note.new_keys(ORIGIN))

    @property
    def skey(self) -> str:
        return self.keys[0]

    @property
    def vkey(self) -> str:
        return self.keys[1]

    def key_file(self, folder: Path) -> Path:
        """Write the signing key down as an operator does."""
        file = folder / "ledger-key"
        file.write_text(self.skey + "\n")
        return file

    def session(self, role: str = "accord_audit") -> AsyncSession:
        """Open a session on a connection that ends with it."""
        bound = create_async_engine(self.database.url(role), hide_parameters=True, poolclass=NullPool)
        return sessions(bound)()

    async def write(self, *leaves: Leaf, role: str = "accord_intake") -> None:
        """Put leaves on record, in one transaction."""
        async with self.session(role) as session:
            await append(session, leaves)
            await session.commit()

    async def sequence(self, most: int = BATCH) -> int:
        """Integrate all that waits, and return how many leaves that were."""
        total = 0
        while True:
            async with self.session() as session:
                integrated = await integrate(session, self.skey, most)
            if not integrated:
                return total
            total += integrated

    async def publish(self) -> None:
        """Integrate all that waits, and publish a head of it at once."""
        await self.sequence()
        async with self.session() as session:
            await publish(session, self.skey, timedelta(0))

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Read as the superuser."""
        with self.database.superuser() as connection:
            return connection.execute(statement, values).fetchall()

    def tamper(self, statement: str, *values: Any) -> None:
        """Change rows that nobody may change, as the owner of the machine can."""
        with self.database.superuser() as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement, values)

    def empty(self) -> None:
        """Empty the ledger, as if nothing had been written to it."""
        self.tamper("TRUNCATE ledger.pending, ledger.leaf, ledger.node, ledger.checkpoint, ledger.published")
        self.tamper("UPDATE ledger.head SET size = 0")

    def headers(self) -> list[bytes]:
        """Return the integrated entries, in order."""
        return [bytes(row[0]) for row in self.rows("SELECT header FROM ledger.leaf ORDER BY index")]

    def notes(self) -> list[str]:
        """Return the signed heads, in order."""
        return [row[0] for row in self.rows("SELECT note FROM ledger.checkpoint ORDER BY size")]

    def published(self) -> list[str]:
        """Return the heads that others are shown, in order."""
        return [row[0] for row in self.rows("SELECT note FROM ledger.checkpoint JOIN ledger.published USING (size) "
                                            "ORDER BY size")]  # fmt: skip

    def waiting(self) -> int:
        return int(self.rows("SELECT count(*) FROM ledger.pending")[0][0])

    def findings(self, *witnessed: str) -> list[Finding]:
        """Verify the whole ledger as the verifier does, given the checkpoints that witnesses kept."""
        with snapshot.reading(self.database.url("accord_audit")) as read:
            findings = verify_log(read.entries(), [*read.checkpoints(), *witnessed], self.vkey)
            return [*findings, *read.stored_state_findings(self.vkey)]


def a_leaf(number: int = 0, **says: Any) -> Leaf:
    """Return a leaf that can be told from others by its number."""
    subject = says.pop("subject", str(UUID(int=number)))
    fields: dict[str, Any] = {
        "at": NOON,
        "act": Act.CONSULTED,
        "actor": f"actor-{number}",
        "agency": "agency",
        "verdict": Verdict.DENY,
        "sv": number,
        "subject": subject,
    }
    return leaf({"number": number}, None, **fields | says)


def an_offer_and_its_opening(at: datetime) -> Sequence[Leaf]:
    """Return two leaves, the second of which nobody can honestly write before the first has committed.

    What is offered is the custodian's own, so that no release has to come before.
    """
    subject = str(uuid4())
    says: dict[str, Any] = {
        "at": at,
        "verdict": Verdict.PERMIT,
        "subject": subject,
        "custodian": "agency",
        "type": TYPE,
        "categories": CATEGORIES,
        "basis": "own_record",
    }
    return a_leaf(1, act=Act.OFFERED, **says), a_leaf(2, act=Act.OPENED, **says)


@contextmanager
def nobody_connected(database: OwnDatabase) -> Iterator[None]:
    """End every connection to a database, so that it can be copied."""
    with psycopg.connect(database.postgres.superuser_url(), autocommit=True) as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(ended, [database.name])
        yield
