"""The ledger's public key, by which this service checks its own record; who trusts nobody has it from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request

from kernel.ledger import note
from runtime.http import Unavailable

STATE: Final = "ledger_vkey"  # of the application


def publish_key(app: FastAPI, file: Path) -> None:
    """Let the routes know the key that belongs to the signing key in `file`; raises `OSError` or `note.Malformed`."""
    setattr(app.state, STATE, note.vkey_of(file.read_text(encoding="utf-8").strip()))


def public_key(request: Request) -> str:
    """Return the ledger's public key; raises `Unavailable` where this process signs nothing."""
    vkey: str | None = getattr(request.app.state, STATE, None)
    if vkey is None:
        raise Unavailable
    return vkey
