"""What this machine lacks for a run, and how to get it, once the packages are installed; before: `machine`."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from cli.errors import SetupError
from devstack import jars, kafka, machine, ports, postgres
from devstack.jars import Jar
from devstack.machine import DoctorFinding

SETUP = "Run `make setup`."
PROBE_TIMEOUT_SECONDS = 5.0
POSTGRES_FROM = 17  # the first that ends a transaction which goes on and on (transaction_timeout)


def examine(
    run: Path,
    cache: Path | None = None,
    *,
    own_database: str | None = None,
    own_kafka: str | None = None,
    wanted_jars: tuple[Jar, ...] | None = None,
) -> list[DoctorFinding]:
    """Tell what is there and what is missing for a run in the folder `run`.

    A server of the operator's own, by URL or address, is asked for in place of
    the embedded one.
    """
    findings = machine.examine(run)
    findings += [*_own_database(own_database)] if own_database else [*_postgres()]
    findings += (
        [_own("broker", own_kafka, 9092)] if own_kafka else [*_kafka(cache or jars.default_cache(), wanted_jars)]
    )
    return findings


def _postgres() -> Iterator[DoctorFinding]:
    yield _runs("postgresql", lambda: postgres.programs() / "postgres", "--version")
    if os.geteuid() == 0:
        yield _account()


def _account() -> DoctorFinding:
    import pwd

    name = postgres.UNPRIVILEGED
    ok = any(entry.pw_name == name for entry in pwd.getpwall())
    fix = "" if ok else f"PostgreSQL refuses to run as root: make the account {name}, or be another user."
    return DoctorFinding("account", ok, f"PostgreSQL runs as {name}, as we are root", fix)


def _kafka(cache: Path, expected: tuple[Jar, ...] | None) -> Iterator[DoctorFinding]:
    yield _runs("java", kafka.java, "--version")
    every = jars.listed() if expected is None else expected
    lacking = jars.absent(every, cache)
    if lacking:
        yield _fetchable(f"{len(lacking)} of {len(every)} are not in {cache}, {lacking[0].coordinate} the first")
        return
    try:
        jars.class_path(cache, every)
    except SetupError as obstacle:
        yield DoctorFinding("jars", False, obstacle.problem, obstacle.fix)
    else:
        yield DoctorFinding("jars", True, f"{len(every)} in {cache}, each as it should be")


def _fetchable(detail: str) -> DoctorFinding:
    """Missing jars are no fault as long as they can be had."""
    from jgo.maven import MavenContext  # slow to import, and seldom needed

    for url in MavenContext().remote_repos.values():
        parts = urlsplit(url)
        if _answers(parts.hostname or "", parts.port or 443):
            return DoctorFinding("jars", True, f"{detail}; they are fetched when first wanted")
    fix = f"Connect to the network and run `{jars.FETCH}`, or set ACCORD_KAFKA to a broker of yours."
    return DoctorFinding("jars", False, f"{detail}, and their source does not answer", fix)


def _own(name: str, address: str, port: int) -> DoctorFinding:
    first = address.rpartition("@")[2].split("/")[0].split(",")[0]
    host, _, stated = first.partition(":")
    ok = _answers(host, int(stated or port))
    return DoctorFinding(
        name, ok, f"your own at {first}", "" if ok else "It does not answer: start it, or correct the address."
    )


def _own_database(address: str) -> Iterator[DoctorFinding]:
    answers = _own("database", address, 5432)
    yield answers
    if not answers.ok:
        return
    try:
        with psycopg.connect(address, connect_timeout=int(PROBE_TIMEOUT_SECONDS)) as connection:
            version, secure = connection.info.server_version // 10_000, connection.pgconn.ssl_in_use
    except psycopg.Error:  # its text may hold what the address holds
        yield DoctorFinding("postgresql", False, "it lets nobody in by that address", "Correct user and password.")
        return
    yield _new_enough(version)
    is_local = urlsplit(address).hostname in (None, "localhost", ports.LOOPBACK, "::1")
    fix = "" if secure or is_local else "End the address with ?sslmode=verify-full&sslrootcert=FILE."
    yield DoctorFinding("database tls", secure or is_local, "TLS" if secure else "no TLS", fix)


def _new_enough(version: int) -> DoctorFinding:
    ok = version >= POSTGRES_FROM
    fix = (
        ""
        if ok
        else f"Use PostgreSQL {POSTGRES_FROM} or newer: an older one cannot end a transaction that goes on and on."
    )
    return DoctorFinding("postgresql", ok, f"version {version}", fix)


def _runs(name: str, program: Callable[[], Path], argument: str) -> DoctorFinding:
    try:
        command: list[str | Path] = [program(), argument]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - ours
    except SetupError as obstacle:
        return DoctorFinding(name, False, obstacle.problem, obstacle.fix)
    except (OSError, subprocess.SubprocessError) as refusal:
        return DoctorFinding(name, False, f"it is there but does not run: {refusal}", SETUP)
    return DoctorFinding(name, True, result.stdout.splitlines()[0])


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), PROBE_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False
