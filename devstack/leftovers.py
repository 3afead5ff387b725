"""Processes that an earlier run left behind."""

from __future__ import annotations

from functools import partial

from cli.errors import SetupError
from cli.run import END_TIMEOUT_SECONDS, Run, until
from devstack import process


def until_ended(run: Run) -> None:
    """Wait until nothing runs any more that a run in this folder started; one that was killed leaves some behind.

    Raises `SetupError` naming what does not end.
    """
    logs = [run.folder / name / f"{name}.log" for name in ("postgres", "kafka")]
    logs += (run.folder / "logs").glob("*.log")
    for log in logs:
        fix = f"End it by its id; it is one that has {log} open."
        obstacle = SetupError(f"{log.stem} of an earlier run in {run.folder} does not end", fix)
        until(partial(process.left, log), END_TIMEOUT_SECONDS, obstacle)
