"""What this machine lacks before anything is installed: `python3 -m devstack.machine`, or `make doctor`.

The standard library alone is imported, as Python 3.8 understands it: whoever has no newer one is to read so here.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cli.errors import SetupError
from devstack import ports

PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)
DISK_WANTED_BYTES = 2 * 1024**3
MEMORY_WANTED_BYTES = 2 * 1024**3
MADE_AT = 1_780_000_000  # Unix seconds; no true clock shows an instant before this was written (2026)
TOO_LATE = 4_102_444_800  # Unix seconds: 2100
DESCRIPTORS_WANTED = 4096
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class DoctorFinding:
    """One thing a run needs: whether it is there, and what to do if it is not."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def examine(run: Path) -> list[DoctorFinding]:
    """Tell what is there and what is missing for a run in the folder `run`, but for what is installed."""
    system = _system()
    if not system.ok:
        return [system]
    return [system, python_finding(), _memory(), _descriptors(), _disk(run), _loopback(), _clock()]


def examine_bare() -> list[DoctorFinding]:
    """Tell what is missing for `make setup`; packages that it brings are no fault."""
    packages = DoctorFinding("packages", True, "not installed yet; `make setup` brings them, PostgreSQL and Java too")
    return [*examine(ROOT), _venv(), packages]


def show(findings: Iterable[DoctorFinding]) -> None:
    """Print each finding, and the fix where there is one to make."""
    for finding in findings:
        print(f"{'ok     ' if finding.ok else 'MISSING'} {finding.name}: {finding.detail}")
        if not finding.ok:
            print(f"        {finding.fix}")


def _venv() -> DoctorFinding:
    ok = importlib.util.find_spec("ensurepip") is not None
    fix = "" if ok else "Install it: on Debian and Ubuntu the package python3-venv."
    return DoctorFinding("venv", ok, "virtual environments can be made" if ok else "Python's module is not here", fix)


def _system() -> DoctorFinding:
    ok = sys.platform in ("linux", "darwin")
    return DoctorFinding("system", ok, sys.platform, "" if ok else "Use Linux or macOS; on Windows, WSL 2.")


def python_finding(version: tuple[int, ...] = sys.version_info[:3]) -> DoctorFinding:
    """Tell whether this Python is one of ours, and which one on the path is where it is not."""
    ok = PYTHON_FROM <= version[:2] < PYTHON_BELOW
    detail = ".".join(map(str, version))
    if ok:
        return DoctorFinding("python", True, detail)
    minors = range(PYTHON_BELOW[1] - 1, PYTHON_FROM[1] - 1, -1)
    other = next((name for name in (f"python3.{minor}" for minor in minors) if shutil.which(name)), None)
    install = "Install Python 3.11, 3.12 or 3.13, and run `make setup PYTHON=python3.13` with its name."
    fix = f"Run `make setup PYTHON={other}`." if other else install
    return DoctorFinding("python", False, f"{detail} is not one that Accord runs on", fix)


def _memory() -> DoctorFinding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    ok = total >= MEMORY_WANTED_BYTES
    return DoctorFinding(
        "memory", ok, _size(total), "" if ok else f"Run it where there is at least {_size(MEMORY_WANTED_BYTES)}."
    )


def _descriptors() -> DoctorFinding:
    import resource  # there is none on Windows

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
    ok = free >= DISK_WANTED_BYTES
    fix = "" if ok else f"Free some space: at least {_size(DISK_WANTED_BYTES)} is wanted where {place} lies."
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


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB"


def main() -> int:
    """Print what is missing; return 1 if anything is."""
    findings = examine_bare()
    show(findings)
    return 0 if all(finding.ok for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
