"""Long-lived children that end with us, however we end."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cli.errors import SetupError

GUARD = Path(__file__).with_name("supervise.py")
START_TIMEOUT_SECONDS = 20.0
LOG_TAIL_CHARACTERS = 1_500


class Guard(Protocol):
    """The process that guards a child, as whoever started it holds it: what `subprocess.Popen` promises."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started: the command, all of its environment, where and as whom, and how it is ended."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path | None
    ending: signal.Signals
    grace: float
    user: str | None


# Starts a guard with its end of the tie as standard input and the log as its output.
Spawn = Callable[[Order, int, int], Guard]


@dataclass(slots=True)
class ChildProcess:
    """One child behind its guard.  `pid` is the program's own."""

    name: str
    pid: int
    log: Path
    log_start: int  # where this run's lines begin in the log
    grace: float
    guard: Guard = field(repr=False)
    tie: socket.socket = field(repr=False)

    def alive(self) -> bool:
        """Tell whether the program still runs."""
        return self.guard.poll() is None

    def status(self) -> int | None:
        """Return the exit status, 128 + n if signal n ended it, or None while it runs."""
        return self.guard.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once the program has ended."""
        status = self.guard.wait(timeout)
        self.tie.close()
        return status

    def stop(self) -> int:
        """End the program with all it started, in good order if it can; return the exit status."""
        if self.alive():
            self.guard.send_signal(signal.SIGTERM)
            try:
                self.wait(self.grace + 10)
            except subprocess.TimeoutExpired:
                self.guard.kill()  # the kernel then kills the program
        return self.wait()

    def kill(self) -> int:
        """End the program as a crash would; return once nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            if self.alive():
                os.kill(self.pid, signal.SIGKILL)
        return self.wait(self.grace + 10)

    def last_words(self) -> str:
        """Return the end of what this run wrote to the log."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")[-LOG_TAIL_CHARACTERS:].strip()
        return ""


def spawn(order: Order, tie: int, log: int) -> Guard:
    """Start a guard, and the command behind it, by their command line."""
    guard = [sys.executable, "-I", "-S", str(GUARD), order.ending.name.removeprefix("SIG"), str(order.grace)]
    return subprocess.Popen(  # noqa: S603 - starting the given command is the purpose; no shell reads it
        [*guard, order.user or "-", *order.command],
        stdin=tie,
        stdout=log,
        stderr=log,
        env=dict(order.environment),
        cwd=order.folder,
        start_new_session=True,
    )


def start(
    name: str,
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    log_file: Path,
    *,
    folder: Path | None = None,
    ending: signal.Signals = signal.SIGTERM,
    grace: float = 10.0,
    user: str | None = None,
    by: Spawn = spawn,
) -> ChildProcess:
    """Start `command` behind a guard, with `environment` and nothing of ours, its output added to `log_file`.

    `ending` asks it to end, after `grace` seconds it is killed; `user` is whom it
    runs as when we are root; `by` starts the guard.
    """
    order = Order(tuple(map(str, command)), environment, folder, ending, grace, user)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    own_end, child_end = socket.socketpair()
    log = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    fcntl.flock(log, fcntl.LOCK_SH)  # the program and all it starts inherit it, and `left` asks for it
    log_start = os.fstat(log).st_size
    try:
        guard = by(order, child_end.fileno(), log)
    finally:
        os.close(log)
        child_end.close()
    return ChildProcess(name, _announced(own_end, guard, name), log_file, log_start, grace, guard, own_end)


def left(log_file: Path) -> bool:
    """Tell whether nothing runs any more that was started with this log, nor anything which that started.

    It can be asked in another process than the one that started them, and after that one was killed.
    """
    try:
        log = log_file.open("rb")
    except FileNotFoundError:
        return True
    with log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def run(
    name: str, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path, *, user: str | None = None
) -> str:
    """Run a short command to its end and return its output; raise `SetupError` if it fails, and keep its log."""
    log = folder / f"{name}.log"
    process = start(name, command, environment, log, folder=folder, user=user)
    status = process.wait()
    output = process.last_words()
    if status:
        raise SetupError(f"{name} failed with status {status}: {output}", f"See {log}.")
    log.unlink()
    return output


def _announced(connection: socket.socket, guard: Guard, name: str) -> int:
    """Return the program's process id, which the guard writes first."""
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([connection], [], [], START_TIMEOUT_SECONDS)
        more = connection.recv(64) if readable else b""
        if not more:
            connection.close()
            guard.kill()
            guard.wait()
            raise SetupError(f"{name} was not started: its guard said nothing", "Run it again.")
        line += more
    return int(line)
