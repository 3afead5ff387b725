"""Names that the shell completes: whoever is in the town of the run folder that the command line names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import typer

from cli.run import RUNS

Completion = Callable[[typer.Context, str], list[str]]


def names_of(kind: str) -> Completion:
    """Return the completion of a list of `town.json`, `people` or `agencies`, by the ids of those who are active."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        ids = [entry["id"] for entry in _document(ctx).get(kind, ()) if entry.get("active", True)]
        return [name for name in ids if name.startswith(incomplete)]

    return complete


def keys_of(*kinds: str, also: tuple[str, ...] = ()) -> Completion:
    """Return the completion of the names by which `town.json` lists its `processes` or `services`."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        document = _document(ctx)
        names = [*also, *(name for kind in kinds for name in document.get(kind, ()))]
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _document(ctx: typer.Context) -> dict[str, Any]:
    """Return `town.json` unchecked, as a key press must not wait for its model; nothing where there is none."""
    folder = ctx.params.get("run") or RUNS / "town"
    try:
        document: dict[str, Any] = json.loads((folder / "town.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return document
