"""Tokens to try things with."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from cli.commands.options import DEFAULT_RUN, RunFolder, running_town
from cli.tokens import NoToken, person_token, system_token

Person = Annotated[str | None, typer.Option(help="a person of the town, such as ana")]
System = Annotated[str | None, typer.Option(help="an agency's system, such as harbor-house")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(token)
    app.command("env")(environment)


def token(person: Person = None, system: System = None, run: RunFolder = DEFAULT_RUN) -> None:
    """Print a bearer token for a person or for an agency's system."""
    if (person is None) == (system is None):
        raise typer.BadParameter("name one: --person or --system")
    _, town = running_town(run)
    try:
        print(person_token(town, person) if person else system_token(town, system or ""))
    except NoToken as refused:
        sys.exit(f"accord: {refused}")


def environment(run: RunFolder = DEFAULT_RUN) -> None:
    """Print the addresses of the services as shell variables: eval "$(accord env)"."""
    _, town = running_town(run)
    for name, url in town.services.items():
        print(f"export {name.upper()}={shlex.quote(url)}")
