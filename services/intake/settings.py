"""What the operator decides for intake."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from runtime.settings import KeyringSettings


class IntakeSettings(KeyringSettings):
    """What the process of intake is told."""

    instrument_packs: Path | None = Field(None, description="folder with packs of licensed risk instruments, *.toml")
