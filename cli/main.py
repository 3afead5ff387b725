"""One program: start the product, ask for tokens, take agencies in, look after what was parked, verify the record."""

from __future__ import annotations

import logging
import sys

import typer

from cli.commands import ALL
from cli.run import InUse
from cli.town import NoTown
from infra.embedded.unready import Unready

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Accord, on this machine."
)
for add in ALL:
    add(app)


def main() -> None:
    """Run the command line: exit 0 done, 1 refused or failed, 2 used wrongly; every failure names its fix."""
    # The development keyring warns wherever it is used; the processes say so in their logs, once each.
    logging.getLogger("runtime.keys").setLevel(logging.ERROR)
    try:
        app()
    except Unready as missing:
        sys.exit(f"accord: {missing.what}\n  {missing.fix}")
    except InUse as taken:
        sys.exit(f"accord: {taken} is in use by another run\n  End it with `accord down`, or name another with --run.")
    except NoTown as missing:
        sys.exit(f"accord: {missing}")


if __name__ == "__main__":
    main()
