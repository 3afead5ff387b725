"""What this machine lacks for a run, and how to get it."""

import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from cli.errors import SetupError
from devstack import jars, kafka, ports, postgres
from devstack.jars import Jar

SETUP = "Run `make setup`."
PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)
DISK_WANTED = 2 * 1024**3
MEMORY_WANTED = 2 * 1024**3
MADE_AT = 1_780_000_000  # no true clock shows an instant before this was written (2026)
TOO_LATE = 4_102_444_800  # 2100
PROBE_WITHIN = 5.0
DESCRIPTORS_WANTED = 4096
POSTGRES_FROM = 17  # the first that ends a transaction which goes on and on (transaction_timeout)


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing a run needs: whether it is there, and what to do if it is not."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


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
    findings = [_system(), _python(), _memory(), _descriptors(), _disk(run), _loopback(), _clock()]
    findings += [*_own_database(own_database)] if own_database else [*_postgres()]
    findings += (
        [_own("broker", own_kafka, 9092)] if own_kafka else [*_kafka(cache or jars.default_cache(), wanted_jars)]
    )
    return findings


def _system() -> DoctorFinding:
    ok = sys.platform in ("linux", "darwin")
    return DoctorFinding("system", ok, sys.platform, "" if ok else "Use Linux or macOS; on Windows, WSL 2.")


def _python() -> DoctorFinding:
    ok = PYTHON_FROM <= sys.version_info[:2] < PYTHON_BELOW
    fix = "" if ok else "Make the virtual environment with Python 3.11, 3.12 or 3.13, then run `make setup`."
    return DoctorFinding("python", ok, ".".join(map(str, sys.version_info[:3])), fix)


def _memory() -> DoctorFinding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    ok = total >= MEMORY_WANTED
    return DoctorFinding(
        "memory", ok, _size(total), "" if ok else f"Run it where there is at least {_size(MEMORY_WANTED)}."
    )


def _descriptors() -> DoctorFinding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ok = soft == resource.RLIM_INFINITY or soft >= DESCRIPTORS_WANTED
    fix = (
        "" if ok else f"Run `ulimit -n {DESCRIPTORS_WANTED}` first: each connection takes one; {hard} is the most here."
    )
    return DoctorFinding("descriptors", ok, f"{soft} files and connections a process", fix)


def _disk(run: Path) -> DoctorFinding:
    place = run.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    ok = free >= DISK_WANTED
    fix = "" if ok else f"Free some space: at least {_size(DISK_WANTED)} is wanted where {place} lies."
    return DoctorFinding("disk", ok, f"{_size(free)} free", fix)


def _loopback() -> DoctorFinding:
    try:
        port = ports.free_port()
    except SetupError as obstacle:
        return DoctorFinding("ports", False, obstacle.problem, obstacle.fix)
    return DoctorFinding("ports", True, f"{ports.LOOPBACK}:{port} and others are free")


def _clock() -> DoctorFinding:
    wall, steady = time.time(), time.monotonic()
    time.sleep(0.05)
    drift = abs((time.time() - wall) - (time.monotonic() - steady))
    ok = MADE_AT <= wall < TOO_LATE and drift < 0.5
    detail = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall))
    return DoctorFinding("clock", ok, detail, "" if ok else "Set the clock; consent begins and ends by it.")


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
        with psycopg.connect(address, connect_timeout=int(PROBE_WITHIN)) as connection:
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
        with socket.create_connection((host, port), PROBE_WITHIN):
            return True
    except OSError:
        return False


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB"
