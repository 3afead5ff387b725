"""How the town of a run folder is: its processes, and how far it is behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from confluent_kafka import KafkaException

from cli import backlog, town
from cli.backlog import SignedCheckpoint
from cli.errors import SetupError
from cli.run import Run, lives
from cli.session import Away
from devstack.readiness import says_ready
from schemas.town import Process, Town

T = TypeVar("T")


class NothingRuns(SetupError):
    """No process holds the run folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"Nothing runs in {folder}", f"Start the town with `accord up --run {folder}`.")


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process: whether it is up, whether it is ready, and how often it was started again."""

    name: str
    pid: int
    port: int
    up: bool
    ready: bool
    restarts: int

    @property
    def state(self) -> str:
        """Return the word for it."""
        return "ready" if self.ready else "not ready" if self.up else "down"


@dataclass(frozen=True, slots=True)
class TownStatus:
    """A running town; `None` stands where the broker or the database did not answer, and before the first signing."""

    run: str
    ready: bool
    processes: tuple[ProcessStatus, ...]
    consumer_lag: dict[str, int] | None
    dead_letters: int | None
    checkpoint: SignedCheckpoint | None


def town_status(folder: Path) -> TownStatus:
    """Return how the town in `folder` is; raises `NothingRuns`, or `NoTown` where there never was one."""
    run = Run(folder)
    holder = run.holder()
    if holder is not None and not run.town_file.exists():
        raise SetupError(f"The town in {folder} is starting", "Ask again in a minute.")
    place = town.read(run.folder)
    if holder is None:
        raise NothingRuns(run.folder)
    with ThreadPoolExecutor(max_workers=16) as pool:
        lag = pool.submit(_answered, lambda: backlog.consumer_lag(place))
        dead_letters = pool.submit(_answered, lambda: backlog.dead_letter_count(place))
        checkpoint = pool.submit(_answered, lambda: backlog.last_checkpoint(place))
        answers: dict[str, Future[Any]] = {"kafka": lag, "postgres": dead_letters}
        processes = tuple(pool.map(lambda name: _process_status(place, name, answers.get(name)), place.processes))
    answered = lag.result() is not None and dead_letters.result() is not None
    ready = holder.ready and answered and all(process.ready for process in processes)
    return TownStatus(place.run, ready, processes, lag.result(), dead_letters.result(), checkpoint.result())


def _process_status(place: Town, name: str, answer: Future[Any] | None) -> ProcessStatus:
    process = place.processes[name]
    up = lives(process.pid)
    # A server with a protocol of its own is ready where it answers a query.
    ready = says_ready(process.url) if answer is None else answer.result() is not None
    return ProcessStatus(name, process.pid, _port(place, name, process), up, up and ready, process.restarts)


def _port(place: Town, name: str, process: Process) -> int:
    if process.url is not None:
        return urlsplit(process.url).port or 0
    return place.database.port if name == "postgres" else int(place.kafka.bootstrap_servers.rpartition(":")[2])


def _answered(query: Callable[[], T]) -> T | None:
    try:
        return query()
    except (Away, KafkaException, TimeoutError):
        return None
