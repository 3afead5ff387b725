"""Watching a running town: status, logs."""

from __future__ import annotations

import json as text
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.completion import keys_of
from cli.errors import ShutdownRequested
from devstack import detached, log_lines
from devstack.log_lines import LogLine

if TYPE_CHECKING:
    from devstack.status import TownStatus  # slow to import, and `accord logs` needs none of it

ProcessName = Annotated[
    str | None,
    typer.Argument(metavar="PROCESS", help="as `accord status` names it", autocompletion=keys_of("processes")),
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="go on with what is written, until Ctrl-C")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=0, help="how many of the last lines")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(show_status)
    app.command("logs")(show_logs)


def show_status(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Tell how the running town is: exit 0 all is ready, 1 something is not or nothing runs."""
    from devstack.status import town_status  # slow to import

    status = town_status(run)
    if json:
        print(text.dumps(asdict(status), indent=2))
    else:
        _print_status(status)
    raise typer.Exit(0 if status.ready else 1)


def show_logs(
    process: ProcessName = None,
    follow: Follow = False,
    lines: Lines = 100,
    run: RunFolder = DEFAULT_RUN,
    json: Json = False,
) -> None:
    """Print what the processes logged, merged by time where none is named; with --json an object a line."""
    files = log_lines.log_files(run)
    if not files:
        running_town(run)
    if process is not None and process not in files:
        raise typer.BadParameter(f"no process {process} wrote a log here: one of {', '.join(sorted(files))}")
    chosen = files if process is None else {process: files[process]}
    prefix_width = max(map(len, chosen)) if process is None else 0
    with detached.shutdown_signals(), suppress(ShutdownRequested):
        for batch in log_lines.batches(chosen, lines, follow=follow):
            _print_lines(batch, prefix_width, json=json)


def _print_lines(lines: list[LogLine], prefix_width: int, *, json: bool) -> None:
    for line in lines:
        prefix = f"{line.process:{prefix_width}}  " if prefix_width else ""
        print(text.dumps(line._asdict()) if json else f"{prefix}{line.text}")
    if lines:
        print(end="", flush=True)


def _print_status(status: TownStatus) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"The town in {status.run}", title_justify="left")
    for title in ("process", "pid", "port", "state", "restarts"):
        table.add_column(title, justify="left" if title in ("process", "state") else "right")
    for process in status.processes:
        table.add_row(process.name, str(process.pid), str(process.port), process.state, str(process.restarts))
    Console().print(table)
    for line in _backlog_lines(status):
        print(line)


def _backlog_lines(status: TownStatus) -> list[str]:
    silent, lag, checkpoint = "no answer", status.consumer_lag, status.checkpoint
    lags = silent if lag is None else ", ".join(f"{group} {count}" for group, count in lag.items()) or "no reader yet"
    parked = silent if status.dead_letters is None else str(status.dead_letters)
    signed = "none" if checkpoint is None else f"{checkpoint.entries} entries, {checkpoint.age_seconds:.0f} s ago"
    return [
        f"Messages behind, by consumer group: {lags}",
        f"Dead letters: {parked}",
        f"Last signed checkpoint: {signed}",
        "All is ready." if status.ready else f"Not ready: see `accord logs --run {status.run}`.",
    ]
