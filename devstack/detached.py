"""The process that stays: it keeps the product alive until it is asked to end, in the foreground or on its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from cli.errors import SetupError, ShutdownRequested
from cli.run import END_TIMEOUT_SECONDS, ROOT, InUse, LockOwner, Run, lives, until
from devstack import leftovers

if TYPE_CHECKING:
    from devstack.stack import Stack  # slow to import, and `accord down` needs none of it

DETACHED_TIMEOUT_SECONDS = 300.0
LOOK_EVERY_SECONDS = 0.25
REAP_TIMEOUT_SECONDS = 2.0
Tell = Callable[[str], None]


@contextlib.contextmanager
def shutdown_signals() -> Iterator[None]:
    """Within it Ctrl-C, SIGTERM and the end of the terminal raise `ShutdownRequested`, once.

    Whoever asks again ends this process at once; what it started then ends by itself.
    """
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it is to outlive its terminal: nohup
        signals.append(signal.SIGHUP)

    def ask(_: int, __: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        raise ShutdownRequested

    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve_until_signal(running: Stack, tell: Tell) -> None:
    """Keep everything alive until somebody asks us to end."""
    with contextlib.suppress(ShutdownRequested):
        while True:
            running.keep_alive(tell)
            time.sleep(LOOK_EVERY_SECONDS)


def detach(folder: Path) -> None:
    """Start the product in a process of its own and return when all is ready; its progress goes to standard error."""
    run = Run(folder)
    if run.holder() is not None:
        raise InUse(run.folder)
    run.make()
    log = run.folder / "up.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    log_start = os.fstat(descriptor).st_size
    command = [sys.executable, "-m", "cli.main", "up", "--run", str(run.folder)]
    with os.fdopen(descriptor, "ab") as errors:
        child = subprocess.Popen(  # noqa: S603 - ourselves
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            cwd=ROOT,
        )
    try:
        _until_ready(run, child, log, log_start)
    except BaseException:
        child.terminate()
        child.wait()
        raise


def end(folder: Path) -> bool:
    """End what runs in the folder, and return when all of it is gone; tell whether anything ran."""
    run = Run(folder)
    holder = run.holder()
    if holder is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGTERM)
        fix = f"End it by its id, with `kill -9 {holder.pid}`: what it started ends with it."
        obstacle = SetupError(f"Process {holder.pid} does not end", fix)
        until(lambda: not _has(run, holder.pid), END_TIMEOUT_SECONDS, obstacle)
    leftovers.until_ended(run)
    if holder is not None:
        with contextlib.suppress(
            SetupError
        ):  # one that its own parent has yet to bury is gone, and looks as if it lived
            until(lambda: not lives(holder.pid), REAP_TIMEOUT_SECONDS, obstacle)
    return holder is not None


def _has(run: Run, pid: int) -> bool:
    holder = run.holder()
    return holder is not None and holder.pid == pid


def _until_ready(run: Run, child: subprocess.Popen[bytes], log: Path, log_start: int) -> None:
    """Pass on what the child says until it is ready; exit with its own words where it fails."""
    deadline = time.monotonic() + DETACHED_TIMEOUT_SECONDS
    with log.open(errors="replace") as progress:
        progress.seek(log_start)
        while run.holder() != LockOwner(child.pid, ready=True):
            ended = child.poll() is not None
            sys.stderr.write(progress.read())
            if ended:
                sys.exit(1)
            if time.monotonic() > deadline:
                raise SetupError(f"The town is not ready after {DETACHED_TIMEOUT_SECONDS:.0f} s", f"See {log}.")
            time.sleep(0.1)
        sys.stderr.write(progress.read())
