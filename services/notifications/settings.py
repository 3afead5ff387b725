"""What the operator decides for the process that hands notices on."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from runtime.settings import Settings


class SendingSettings(Settings):
    """What the worker of notifications is told."""

    run_dir: Path | None = Field(None, description="folder of a development run; notices are written below it")
