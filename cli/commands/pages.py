"""Pages of the running town, in the browser."""

from __future__ import annotations

import json as text
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import DEFAULT_RUN, Json, RunFolder, running_town
from cli.completion import keys_of
from cli.errors import SetupError

if TYPE_CHECKING:
    from schemas.town import Town

BOARD, ISSUER = "board", "issuer"

Page = Annotated[
    str,
    typer.Argument(
        metavar="PAGE",
        help="board, issuer, or a service: its OpenAPI",
        autocompletion=keys_of("services", also=(BOARD, ISSUER)),
    ),
]
PrintOnly = Annotated[bool, typer.Option("--print", help="print the address and open nothing")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("open")(show_page)


def show_page(
    page: Page = BOARD, print_only: PrintOnly = False, run: RunFolder = DEFAULT_RUN, json: Json = False
) -> None:
    """Open the board, or another page of the town, in the browser; with --json print its address and open nothing."""
    addresses = page_addresses(running_town(run))
    if page not in addresses:
        raise typer.BadParameter(f"no page {page} here: one of {', '.join(sorted(addresses))}")
    url = addresses[page]
    if print_only or json:
        print(text.dumps({"page": page, "url": url}) if json else url)
    elif not webbrowser.open(url):
        raise SetupError("No browser was found", f"Open {url} yourself.")


def page_addresses(town: Town) -> dict[str, str]:
    """Return the address of each page: the board, the issuer's metadata, and what describes each service."""
    described = {name: f"{url}/openapi.json" for name, url in town.services.items()}
    board = f"{town.services['dashboard']}/app/board"
    return described | {BOARD: board, ISSUER: f"{town.issuer.url}/.well-known/openid-configuration"}
