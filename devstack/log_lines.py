"""The lines that the processes of a run wrote, merged by the instant that each begins with."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

POLL_INTERVAL_SECONDS = 0.25
# Ours are JSON objects that begin with "at"; PostgreSQL and Kafka begin with the bare instant. All write UTC.
INSTANT = re.compile(r'(?:\{"at": ")?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,3})?)')


class LogLine(NamedTuple):
    """A line, the process that wrote it, and its instant in UTC, or that of the line before where it has none."""

    at: str
    process: str
    text: str


def log_files(folder: Path) -> dict[str, Path]:
    """Return the log of each process of the run in `folder`, by the process's name."""
    files = [folder / name / f"{name}.log" for name in ("postgres", "kafka")]
    files += sorted((folder / "logs").glob("*.log"))
    return {file.stem: file for file in files if file.exists()}


def batches(files: Mapping[str, Path], count: int, *, follow: bool) -> Iterator[list[LogLine]]:
    """Yield the last `count` lines of all `files` together, and to whoever follows, without end, what is added.

    The lines of each batch are in the order of their instants.
    """
    with ExitStack() as closing:
        logs = {name: closing.enter_context(file.open("rb")) for name, file in files.items()}
        yield _merged(logs, count)[-count:] if count else _merged(logs, 0)
        while follow:
            time.sleep(POLL_INTERVAL_SECONDS)
            yield _merged(logs, None)


def _merged(logs: Mapping[str, BinaryIO], most: int | None) -> list[LogLine]:
    """Return what each log holds beyond where it was read to, `most` lines of each, by their instants."""
    lines = [line for name, log in logs.items() for line in deque(_parsed(name, log), maxlen=most)]
    return sorted(lines, key=lambda line: line.at)


def _parsed(process: str, log: BinaryIO) -> Iterator[LogLine]:
    at = ""
    while written := log.readline():
        if not written.endswith(b"\n"):
            log.seek(-len(written), 1)  # it is not whole yet
            return
        line = written.decode(errors="replace")
        if match := INSTANT.match(line):
            at = f"{match[1]}T{match[2]}"
        yield LogLine(at, process, line.rstrip("\n"))
