"""A process that stands still, as one on a stalled machine would."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.town import read
from schemas.town import Town


@contextmanager
def paused(town: Town, process: str) -> Iterator[None]:
    """Let a process of the town stand still, and go on afterwards."""
    pid = read(Path(town.run)).processes[process].pid  # it may have been started again
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
