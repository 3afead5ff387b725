"""Tokens to try things with."""

from __future__ import annotations

import json as text
import shlex
from typing import Annotated

import typer

from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.completion import names_of

Person = Annotated[
    str | None, typer.Option(help="a person of the town, such as ana", autocompletion=names_of("people"))
]
System = Annotated[
    str | None, typer.Option(help="an agency's system, such as harbor-house", autocompletion=names_of("agencies"))
]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(token)
    app.command("env")(environment)


def token(person: Person = None, system: System = None, run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Print a bearer token for a person or for an agency's system."""
    if (person is None) == (system is None):
        raise typer.BadParameter("name one: --person or --system")
    from cli import tokens  # slow to import

    town = running_town(run)
    bearer = tokens.system_token(town, system) if system is not None else tokens.person_token(town, person or "")
    print(text.dumps({"access_token": bearer, "token_type": "Bearer"}) if json else bearer)


def environment(run: RunFolder = DEFAULT_RUN, json: Json = False) -> None:
    """Print the addresses of the services as shell variables: eval "$(accord env)"."""
    places = {name.upper(): url for name, url in running_town(run).services.items()}
    if json:
        print(text.dumps(places, indent=2))
    for name, url in () if json else places.items():
        print(f"export {name}={shlex.quote(url)}")
