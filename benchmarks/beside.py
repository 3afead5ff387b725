"""Processes beside the one that measures, which do what they are told, all at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.measurement import Work
from benchmarks.setup import Ground
from devstack.postgres import Postgres
from runtime.keyring import UnsafeLocalKeyring
from tests.support.database import Database
from tests.support.town import Town

CORES: Final = 2
DONE: Final = "done\n"


def started(ground: Ground, module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process of `module` that is told where the town is (see `the_town`), then the rest."""
    server = ground.database.postgres
    place = [server.host, str(server.port), str(ground.keys)]
    command = [sys.executable, "-W", "ignore", "-m", module, *place, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Beside:
    """A process of `module` that runs `obeying`; it is ready once this returns."""

    def __init__(self, ground: Ground, module: str, *arguments: str) -> None:
        self._process = started(ground, module, *arguments)
        self.wait()

    def begin(self, task: str, units: int) -> None:
        """Have the process do so many units of a task."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task} {units}\n")
        self._process.stdin.flush()

    def wait(self) -> None:
        """Wait until it has."""
        assert self._process.stdout is not None
        if self._process.stdout.readline() != DONE:
            raise ChildProcessError("a process beside this one ended")

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def several(ground: Ground, module: str, argument_lists: Sequence[Sequence[str]]) -> Iterator[list[Beside]]:
    """Run one process for each list of arguments."""
    with ExitStack() as stack:
        running = []
        for arguments in argument_lists:
            running.append(Beside(ground, module, *arguments))
            stack.callback(running[-1].end)
        yield running


def at_once(processes: Sequence[Beside], task: str) -> Work:
    """Return the work of having these processes share the units of a task."""

    def work(units: int) -> None:
        for process in processes:
            process.begin(task, -(-units // len(processes)))
        for process in processes:
            process.wait()

    return work


def the_town(host: str, port: str, keys: str) -> Town:
    """Return the town of the process that began this one."""
    return Town(Database(Postgres(host, int(port), "", "")), UnsafeLocalKeyring(Path(keys), production=False))


async def obeying(do: Callable[[str, int], Awaitable[None]]) -> None:
    """Do the task of each line of standard input and report its end; first report being ready."""
    _say()
    for line in sys.stdin:
        task, units = line.split()
        await do(task, int(units))
        _say()


def _say() -> None:
    sys.stdout.write(DONE)
    sys.stdout.flush()
