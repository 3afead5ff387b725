"""Waiting for what must come true, and parents that can be killed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.waits import PATIENCE

REPOSITORY = Path(__file__).parents[2]


def comes_true(claim: Callable[[], bool], within: float = PATIENCE) -> bool:
    deadline = time.monotonic() + within
    while not claim():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_gone(pid: int, within: float = PATIENCE) -> bool:
    return comes_true(lambda: not runs(pid), within)


@contextmanager
def a_parent(script: str, *arguments: Path) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """Run `script`, which says the process ids of its children in one line and then waits."""
    waiting = f"{script}\nimport sys; sys.stdin.read()"
    parent = subprocess.Popen(
        [sys.executable, "-c", waiting, *map(str, arguments)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        try:
            assert parent.stdout is not None
            yield parent, [int(word) for word in parent.stdout.readline().split()]
        finally:
            parent.kill()
