"""From `accord up` to a product that can be used

An operator types `accord up` in an empty folder, everything being installed: PostgreSQL and Kafka are made and
started, tables and users and mailboxes prepared, twelve processes started.  It counts as usable when somebody signs in,
opens a case and lists an inbox.  The notes say when each step was told, and what CPU each process used until then;
what the two servers take by themselves stands beside it.

**Where the limit lies.**  In CPU on two cores: a process of ours spends most of its start importing (FastAPI,
SQLAlchemy, pydantic and the contracts; `python -X importtime`), and twelve do so at once; the broker's JVM starts cold.
The three processes that read no mailbox paid half a second more for Faust, which they do not import now.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

import httpx
import psutil

from benchmarks.measurement import Goal, keep, kind_of
from benchmarks.setup import a_folder
from cli import town
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from devstack.story.speaker import Speaker
from tests.support.rounds import rounds

STARTS: Final = rounds(1, 5)
READY_WITHIN: Final = 240.0
ROOT: Final = Path(__file__).parents[1]


def bare_servers() -> float:
    """Return how long the two servers take to start by themselves, one after the other."""
    with a_folder() as folder:
        began = time.monotonic()
        kafka, postgres = Kafka.start(folder / "kafka"), Postgres.start(folder / "postgres")
        took = time.monotonic() - began
        kafka.stop()
        postgres.stop()
    return took


def up(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Start the town as a person would; return when each thing was told, in seconds, and the CPU each process used."""
    began = time.monotonic()
    command = [sys.executable, "-m", "cli.main", "up", "--run", str(folder)]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    instants: dict[str, float] = {}

    def listen() -> None:
        for line in started.stdout or ():
            instants[line.strip()] = time.monotonic() - began

    threading.Thread(target=listen, daemon=True).start()
    try:
        while not ((folder / "town.json").exists() and usable(folder)):
            if started.poll() is not None or time.monotonic() - began > READY_WITHIN:
                raise TimeoutError("the town did not become usable")
            time.sleep(0.05)
        instants["usable"] = time.monotonic() - began
        return dict(instants), used_by(started.pid)
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(60)
        except subprocess.TimeoutExpired:
            started.kill()


def usable(folder: Path) -> bool:
    """Tell whether somebody can sign in, open a case and list what she may open."""
    with httpx.Client(trust_env=False, timeout=20) as client:
        try:
            ana = Speaker(town.read(folder), "ana", "advocacy", client)
            ana.does("intake", "POST", "/v1/cases", {})
            ana.does("exchange", "GET", "/v1/inbox")
        except (OSError, ValueError, httpx.HTTPError):
            return False
    return True


def used_by(pid: int) -> dict[str, float]:
    """Return the CPU seconds that each process of the town has used."""
    used: dict[str, float] = {}
    for process in psutil.Process(pid).children(recursive=True):
        try:
            times = process.cpu_times()
            used[kind_of(process)] = used.get(kind_of(process), 0.0) + times.user + times.system
        except psutil.Error:
            continue
    return used


def main() -> None:
    """Start the town some times, and tell how long the slowest took and where the time went."""
    totals: list[float] = []
    parts: list[dict[str, float]] = []
    cpu: dict[str, float] = {}
    for _ in range(STARTS):
        with a_folder() as folder:
            instants, cpu = up(folder / "town")
        totals.append(instants["usable"])
        parts.append(instants)
    servers = bare_servers()
    instants = parts[-1]
    keep(
        "start",
        "from accord up to a product that can be used",
        sorted(totals)[len(totals) // 2],
        "s",
        Goal(45, at_most=True),
        (max(totals) - min(totals)) / totals[0],
        {"the two servers alone, one after the other": f"{servers:.1f} s"},
        starts=len(totals),
        told_after_s=", ".join(f"{line} {at:.1f}" for line, at in instants.items()),
        CPU_s=", ".join(f"{kind} {seconds:.1f}" for kind, seconds in sorted(cpu.items(), key=lambda item: -item[1])),
    )


if __name__ == "__main__":
    main()
