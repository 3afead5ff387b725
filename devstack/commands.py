"""Starting and ending: up, down, demo, doctor."""

from __future__ import annotations

import json as text
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.errors import SetupError
from cli.run import OWN_DATABASE, OWN_KAFKA, RUNS, Run, own_servers
from devstack import detached, leftovers
from schemas.town import Town

Once = Annotated[bool, typer.Option("--once", help="tell the story, let the town live, and end")]
Bare = Annotated[bool, typer.Option("--bare", help="the story alone: no cases, referrals and orders besides")]
Pace = Annotated[bool, typer.Option("--pace", help="wait for Enter behind each chapter, to look at its pages")]
Detach = Annotated[bool, typer.Option("--detach", help="return when all is ready; end it with `accord down`")]
DemoRun = Annotated[
    Path | None, typer.Option("--run", file_okay=False, help="a folder to keep; without it the run is thrown away")
]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(down)
    app.command()(demo)
    app.command("doctor")(examine)


def up(run: RunFolder = DEFAULT_RUN, detach: Detach = False, json: Json = False) -> None:
    """Start the whole product and keep it running until Ctrl-C."""
    from cli.show import show_town

    with detached.shutdown_signals():
        if detach:
            detached.detach(run)
            show_town(running_town(run), json=json)
            return
        from devstack import stack  # slow to import

        tell = _progress()
        with stack.running(run, tell, fixed_ports=Run(run).folder == Run(DEFAULT_RUN).folder) as running:
            show_town(running.town, json=json)
            detached.serve_until_signal(running, tell)


def down(run: RunFolder = DEFAULT_RUN) -> None:
    """End what `accord up` started in this run folder; its data stays."""
    if detached.end(run):
        typer.echo(f"ended; its data stays in {run}")
        return
    running_town(run)
    typer.echo(f"nothing runs in {run}")


def demo(run: DemoRun = None, once: Once = False, bare: Bare = False, pace: Pace = False, json: Json = False) -> None:
    """Start a small town, tell the story of one case step by step, let the town live, and stay until Ctrl-C."""
    if pace and not sys.stdin.isatty():
        raise SetupError("--pace waits for Enter, and there is no terminal to press it at.", "Leave --pace out.")
    with detached.shutdown_signals(), _demo_folder(run) as folder:
        from cli.show import show_town
        from devstack import stack  # slow to import, and so is the story
        from devstack.story import tell_story
        from devstack.town_life import lead_life, show_life

        tell = _progress()
        with stack.running(folder, tell, fixed_ports=run is None) as running:
            _tell_first_page(running.town, tell)
            pause = partial(input, "Enter leads on. ") if pace else None
            all_true = tell_story(running.town, pause) and (bare or lead_life(running.town, tell, quiet=json))
            show_town(running.town, json=json)
            if all_true and not (bare or json):
                all_true = show_life(running.town)
            if all_true and not once:
                detached.serve_until_signal(running, tell)
    raise typer.Exit(0 if all_true else 1)


def examine(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Tell what is missing on this machine, and how to get it."""
    from devstack import doctor  # slow to import
    from devstack.machine import show

    own = own_servers()
    try:
        findings = doctor.examine(run, own_database=own.get(OWN_DATABASE), own_kafka=own.get(OWN_KAFKA))
    except ValueError as refusal:
        problem = f"{OWN_DATABASE} or {OWN_KAFKA} is not an address: {refusal}"
        raise SetupError(problem, "Give them as README.md shows them.") from None
    if json:
        print(text.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        show(findings)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def _tell_first_page(town: Town, tell: Callable[[str], None]) -> None:
    """Say that the board's page can be opened, once it has been answered."""
    import httpx

    page = f"{town.services['dashboard']}/app/board"
    with suppress(httpx.HTTPError):  # the story says what is wrong with a town that does not answer
        httpx.get(page, follow_redirects=True, trust_env=False, timeout=30).raise_for_status()
        tell(f"the first page answers: {page}")


@contextmanager
def _demo_folder(named: Path | None) -> Iterator[Path]:
    """Yield the folder of a demo; where none is named, one that is thrown away afterwards.

    Servers of the operator's outlive the demo, and so must the keys to what is in them: that folder is kept.
    """
    if named is not None or own_servers():
        yield named or RUNS / "demo"
        return
    RUNS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=RUNS))
    try:
        yield folder
    finally:
        with suppress(SetupError):
            leftovers.until_ended(Run(folder))
        shutil.rmtree(folder, ignore_errors=True)


def _progress() -> Callable[[str], None]:
    """Return a printer of progress to standard error, line by line; standard output is for results."""
    started = time.monotonic()

    def tell(words: str) -> None:
        typer.echo(f"{time.monotonic() - started:5.1f} s  {words}", err=True)

    return tell
