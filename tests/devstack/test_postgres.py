import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from cli.errors import SetupError
from devstack.postgres import Postgres

CANARY = "canary_5b1f"


@pytest.fixture(scope="module")
def own_folder(run_folder: Path) -> Path:
    return run_folder / "own-postgres"


@pytest.fixture
def own(own_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL that may be harmed."""
    server = Postgres.start(own_folder)
    yield server
    server.stop()


def test_what_was_committed_is_there_after_a_kill(own: Postgres, own_folder: Path) -> None:
    with psycopg.connect(own.superuser_url()) as session:
        session.execute("create table kept (word text)")
        session.execute("insert into kept values ('still here')")
    own.kill()

    back = Postgres.start(own_folder)

    with psycopg.connect(back.superuser_url()) as session:
        assert session.execute("select word from kept").fetchall() == [("still here",)]
    assert back.superuser_url() == own.superuser_url()
    back.stop()


def test_a_server_that_was_stopped_is_not_running(own: Postgres) -> None:
    assert own.process is not None

    own.stop()

    assert own.process.status() == 0  # a fast shutdown, not a crash
    assert not psutil.pid_exists(own.process.pid)


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url(postgres.user, "wrong", "postgres"))


def test_no_value_reaches_the_servers_log(own: Postgres) -> None:
    assert own.process is not None
    with psycopg.connect(own.superuser_url(), autocommit=True) as session:
        session.execute("create temp table once (word text primary key check (length(word) > 3))")
        session.execute("insert into once values (%s)", [CANARY])
        refused(session, "insert into once values (%s)", CANARY)
        refused(session, "select %s::integer", CANARY)
        refused(session, f"select nothing_{CANARY}")
        refused(session, f"do $$ begin raise exception '{CANARY}'; end $$")

    assert CANARY not in own.process.log.read_text()


def refused(session: "psycopg.Connection[tuple[object, ...]]", statement: str, *values: str) -> None:
    with pytest.raises(psycopg.Error, match=CANARY):  # so there was something to leak
        session.execute(statement.encode(), values)


def test_the_server_never_runs_as_root(own: Postgres) -> None:
    assert own.process is not None

    running = psutil.Process(own.process.pid)

    assert running.uids().effective != 0
    assert running.uids().effective == os.geteuid() or os.geteuid() == 0


def test_statements_and_durability_are_set_as_promised(own: Postgres) -> None:
    expected = {"fsync": "on", "log_statement": "none", "log_min_error_statement": "panic", "max_connections": "200"}

    with psycopg.connect(own.superuser_url()) as session:
        settings: dict[str, str] = dict(session.execute("select name, setting from pg_settings").fetchall())

    assert expected.items() <= settings.items()


def test_a_server_of_ones_own_is_never_stopped(own: Postgres) -> None:
    named = Postgres.at(own.superuser_url())

    named.stop()

    assert (named.host, named.port, named.password) == (own.host, own.port, own.password)
    with psycopg.connect(named.superuser_url()) as session:
        assert session.execute("select 1").fetchone() == (1,)


def test_an_url_that_names_no_user_is_refused() -> None:
    with pytest.raises(SetupError, match="names no host or no user"):
        Postgres.at("postgresql:///postgres")
