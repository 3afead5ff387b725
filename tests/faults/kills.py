"""Processes chosen at random are killed or stopped, while somebody looks after them as `accord up` does."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psutil
import pytest

from devstack.process import ChildProcess
from devstack.processes import PROGRAMS
from devstack.stack import Stack
from tests.devstack.watcher import comes_true

SERVERS: Final = ("postgres", "kafka")
SETTLED: Final = 3.0  # seconds that a process has run before it is killed again, else it never does any work
LONGEST: Final = 11.0  # longer than a session of the broker and than the database waits for whoever stands still
STOPPED: Final = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


@dataclass(frozen=True)
class Fired:
    """A signal that was seen to have its effect."""

    name: str
    signum: signal.Signals
    at: float


class Keeper:
    """Starts again whatever ended, at once and however often, as long as the block lasts."""

    def __init__(self, started: Stack) -> None:
        self.started = started
        self.turn = threading.Lock()
        self.failed: list[BaseException] = []
        self._stopping = threading.Event()

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        thread = threading.Thread(target=self._keep)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()
        assert not self.failed, self.failed

    def _keep(self) -> None:
        while not self._stopping.wait(0.1):
            try:
                with self.turn:
                    self.started.falls.clear()
                    self.started.keep_alive()
            except Exception as failed:
                self.failed.append(failed)
                return

    def arm(self, name: str, point: str) -> ChildProcess:
        """Put a process in the place of the running one that dies when it comes to `point`."""
        program = next(program for program in PROGRAMS if program.name == name)
        with self.turn, pytest.MonkeyPatch.context() as patch:
            self.started.running[name].kill()
            patch.setenv("ACCORD_CRASH_AT", point)
            self.started.launch(program)
            return self.started.running[name]


@dataclass
class Killer:
    """Kills and stops what runs, in an order that a seed decides as far as time lets it."""

    keeper: Keeper
    chance: random.Random
    kills: int
    fired: list[Fired] = field(default_factory=list)
    _asleep: dict[str, tuple[float, list[psutil.Process]]] = field(default_factory=dict)

    def go(self) -> None:
        """Let all of it happen; each signal is seen to have its effect before the next."""
        try:
            while len(self.fired) < self.kills:
                self._wake(time.monotonic())
                self._strike_one()
                time.sleep(self.chance.uniform(0.1, 1.1))
        finally:
            self._wake(float("inf"))

    def _strike_one(self) -> None:
        most = max(2, self.kills // 30)  # the servers take seconds to come back
        counted = Counter(fired.name for fired in self.fired)
        up = [name for name in sorted(self._processes()) if self._is_up(name)]
        up = [name for name in up if name not in SERVERS or counted[name] < most]
        fresh = [name for name in up if not counted[name]]
        if up:
            self._strike(self.chance.choice(fresh if fresh and self.chance.random() < 0.6 else up))

    def by_name(self) -> dict[str, int]:
        """Return how often each process was hit."""
        return dict(Counter(fired.name for fired in self.fired))

    def _strike(self, name: str) -> None:
        signum = self.chance.choice([signal.SIGKILL, signal.SIGSTOP])
        before = [fired.signum for fired in self.fired if fired.name == name]
        if name in SERVERS and before:
            signum = signal.SIGSTOP if before[-1] == signal.SIGKILL else signal.SIGKILL
        (self._kill if signum == signal.SIGKILL else self._stop)(name)
        self.fired.append(Fired(name, signum, time.time()))

    def _kill(self, name: str) -> None:
        process = self._processes()[name]
        os.kill(process.pid, signal.SIGKILL)
        assert comes_true(lambda: process.status() is not None), f"{name} outlived a kill"
        assert process.status() == 128 + signal.SIGKILL, f"{name} ended by itself: {process.status()}"

    def _stop(self, name: str) -> None:
        program = psutil.Process(self._processes()[name].pid)
        family = [program, *program.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        assert comes_true(lambda: program.status() in STOPPED), f"{name} does not stop"
        long = self.chance.random() < 0.1 and name not in SERVERS
        pause = LONGEST if long else self.chance.uniform(0.2, 3.0)
        self._asleep[name] = (time.monotonic() + pause, family)

    def _wake(self, now: float) -> None:
        for name, (until, family) in list(self._asleep.items()):
            if until <= now:
                del self._asleep[name]
                for process in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.resume()

    def _processes(self) -> dict[str, ChildProcess]:
        return self.keeper.started.processes

    def _is_up(self, name: str) -> bool:
        process = self._processes()[name]
        if name in self._asleep or not process.alive():
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            return bool(time.time() - psutil.Process(process.pid).create_time() > SETTLED)
        return False
