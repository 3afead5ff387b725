"""Processes of the product as forks of one that has imported all of it: a start costs a tenth of the CPU.

    python -m tests.support.fork_server     with one end of a socket as standard input

Suites start hundreds of processes, and each would import the same for two seconds of CPU.  A fork has the guard, the
settings, the log and the end of one started by `devstack.process`; only what /proc tells of it (its command line, its
environment) is the server's.  Suites that read that, and `accord up`, start processes by their command lines.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from devstack import supervise
from devstack.process import Guard, Order, Spawn, spawn

ROOT = Path(__file__).parents[2]
MOST_BYTES = 1 << 17  # of an order with its environment
LOST = 128 + signal.SIGKILL  # the status of a guard whose server is gone: it goes with it


class ForkedGuard:
    """A guard that the server forked, and reports the end of."""

    def __init__(self, status: int) -> None:
        self._turn = threading.Lock()
        self._report = os.fdopen(status, "rb", buffering=0)
        self._pid = int(self._report.readline())
        self._status: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while the guard runs."""
        with self._turn:  # whoever asks at the same moment reads no second report
            if self._status is None and select.select([self._report], [], [], 0)[0]:
                self._status = int(self._report.readline() or LOST)
                self._report.close()
            return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once the guard has ended; raises `subprocess.TimeoutExpired`."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("a forked guard", until)
            time.sleep(0.01)
        return status

    def send_signal(self, sig: int) -> None:
        """Signal the guard if it runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, sig)

    def kill(self) -> None:
        """End the guard; the kernel then ends what it guards."""
        self.send_signal(signal.SIGKILL)


@contextmanager
def forking() -> Iterator[Spawn]:
    """Start a server that has imported the product, and yield how it starts processes; end it afterwards.

    Where a fork may not go on as a program (macOS), processes are started by their command lines.
    """
    if sys.platform != "linux":
        yield spawn
        return
    own_end, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    command = [sys.executable, "-m", "tests.support.fork_server"]
    with own_end, its_end:
        server = subprocess.Popen(command, stdin=its_end.fileno(), env=environment, cwd=ROOT, start_new_session=True)
        its_end.close()
        try:
            yield ForkServer(own_end).spawn
        finally:
            own_end.close()  # at which the server ends
            server.wait()


class ForkServer:
    """Starts processes as forks of one; its `spawn` stands where `devstack.process.spawn` does."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def spawn(self, order: Order, tie: int, log: int) -> Guard:
        """Have a guard forked, and the command behind it: `[sys.executable, "-m", MODULE, ...]` and no other."""
        reported, reports = os.pipe()
        try:
            text = json.dumps(asdict(order) | {"environment": dict(order.environment)}, default=str)
            socket.send_fds(self._connection, [text.encode()], [tie, log, reports])
        finally:
            os.close(reports)
        return ForkedGuard(reported)


def serve(connection: socket.socket) -> list[str]:
    """Fork a guard for each order, and report their ends, until the client is gone.

    Returns in each process that a guard forked, as whom it is to go on: a module with its arguments.
    """
    woken, reports = supervise.hear_signals(), dict[int, int]()
    while True:
        readable, _, _ = select.select([connection.fileno(), woken], [], [])
        if woken in readable:
            _report_ended(woken, reports)
        if connection.fileno() in readable:
            text, descriptors, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
            if not text:
                sys.exit()
            tie, log, report = descriptors
            guard = os.fork()
            if not guard:
                connection.close()
                for descriptor in (report, *reports.values()):
                    os.close(descriptor)
                return _guarded(Order(**json.loads(text)), tie, log)
            os.write(report, f"{guard}\n".encode())
            reports[guard] = report
            os.close(tie)
            os.close(log)


def _report_ended(woken: int, reports: dict[int, int]) -> None:
    supervise.end_asked(woken)  # what it read does not matter: the client's end of the socket ends the server
    with contextlib.suppress(ChildProcessError):
        while True:
            guard, status = os.waitpid(-1, os.WNOHANG)
            if not guard:
                return
            report = reports.pop(guard)
            with contextlib.suppress(BrokenPipeError):
                os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(report)


def _guarded(order: Order, tie: int, log: int) -> list[str]:
    """Guard a fork of this process to its end; return in that fork, with all that the order says about it."""
    os.setsid()
    for descriptor, number in ((tie, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, number)
    os.close(tie)
    os.close(log)
    if order.folder is not None:
        os.chdir(order.folder)
    parent, woken = supervise.become_guard()
    own = os.getpid()
    child = supervise.fork()
    if child:
        os._exit(supervise.guard(child, parent, woken, order.ending, order.grace))
    if not supervise.leave_guard(order.user, own):
        os._exit(127)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as an interpreter begins
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(order.environment)
    return list(order.command[2:])


if __name__ == "__main__":
    from devstack.processes import PROGRAMS

    for imported in {"devstack.issuer.app", *(program.command[0] for program in PROGRAMS)}:
        importlib.import_module(imported)
    gc.freeze()
    with socket.socket(fileno=0) as orders:
        module, *sys.argv[1:] = serve(orders)
    sys.modules.pop(module)  # it runs as `__main__`, anew
    runpy.run_module(module, run_name="__main__", alter_sys=True)
