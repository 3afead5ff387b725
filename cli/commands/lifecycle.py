"""Starting and ending: up, down, demo, doctor."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cli import stack, town
from cli.commands.options import DEFAULT_RUN, Json, RunFolder
from cli.run import RUNS, Run
from cli.show import show_town
from cli.story import tell_story
from infra.embedded import doctor
from infra.embedded.unready import Unready

DETACHED_WITHIN = 180.0
Once = Annotated[bool, typer.Option("--once", help="tell the story and end")]
Detach = Annotated[bool, typer.Option("--detach", help="return when all is ready; end it with `accord down`")]
DemoRun = Annotated[Path | None, typer.Option("--run", help="a folder to keep; without it the run is thrown away")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(down)
    app.command()(demo)
    app.command("doctor")(examine)


def up(run: RunFolder = DEFAULT_RUN, detach: Detach = False, json: Json = False) -> None:
    """Start the whole product and keep it running until Ctrl-C."""
    if detach:
        _detach(run, json=json)
        return
    with stack.running(run, _progress(quiet=json)) as running:
        show_town(running.town, json=json)
        _stay(running)


def down(run: RunFolder = DEFAULT_RUN) -> None:
    """End what `accord up` started in this run folder; its data stays."""
    town.read(run)
    supervisor = run / "supervisor.pid"
    if not supervisor.exists():
        return
    pid = int(supervisor.read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while supervisor.exists():
        if time.monotonic() > deadline:
            raise Unready(f"Process {pid} does not end", f"See the logs in {run / 'logs'}; end it by its id.")
        time.sleep(0.1)


def demo(run: DemoRun = None, once: Once = False, json: Json = False) -> None:
    """Start a small town, tell the story of one case step by step, and stay until Ctrl-C."""
    RUNS.mkdir(exist_ok=True)
    folder = run or Path(tempfile.mkdtemp(prefix="demo-", dir=RUNS))
    told = False
    try:
        with stack.running(folder, _progress(quiet=json)) as running:
            told = tell_story(running.town, quiet=json)
            show_town(running.town, json=json)
            if told and not once:
                _stay(running)
    finally:
        if run is None:
            shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if told else 1)


def examine(run: RunFolder = DEFAULT_RUN) -> None:
    """Tell what is missing on this machine, and how to get it."""
    findings = doctor.examine(run)
    for finding in findings:
        typer.echo(f"{'ok     ' if finding.ok else 'MISSING'} {finding.name}: {finding.detail}")
        if not finding.ok:
            typer.echo(f"        {finding.fix}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def _stay(running: stack.Stack) -> None:
    """Keep everything alive until somebody asks us to end."""
    ended: list[int] = []
    for word in (signal.SIGTERM, signal.SIGINT):
        signal.signal(word, lambda number, _: ended.append(number))
    supervisor = running.run.folder / "supervisor.pid"
    supervisor.write_text(str(os.getpid()))
    try:
        while not ended:
            for name in running.keep_alive():
                typer.echo(f"{name} had ended; started again", err=True)
            time.sleep(0.25)
    finally:
        running.stop()
        supervisor.unlink()


def _detach(folder: Path, *, json: bool) -> None:
    run = Run(folder)
    run.town_file.unlink(missing_ok=True) if not (run.folder / "ports.json").exists() else None
    log = (run.folder / "up.log").open("ab")
    command = [sys.executable, "-m", "cli.main", "up", "--run", str(run.folder)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - ourselves
    deadline = time.monotonic() + DETACHED_WITHIN
    while not (run.folder / "supervisor.pid").exists():
        if child.poll() is not None or time.monotonic() > deadline:
            words = (run.folder / "up.log").read_text()[-800:]
            raise Unready(f"The town did not start: {words}", f"See {run.folder / 'up.log'} and `accord doctor`.")
        time.sleep(0.1)
    show_town(town.read(run.folder), json=json)


def _progress(*, quiet: bool) -> Callable[[str], None]:
    """Return what tells progress on standard error, line by line; nothing where JSON was asked for."""
    started = time.monotonic()

    def tell(words: str) -> None:
        if not quiet:
            typer.echo(f"{time.monotonic() - started:5.1f} s  {words}", err=True)

    return tell
