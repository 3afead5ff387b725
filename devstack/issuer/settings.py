"""Settings of the development issuer."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from runtime.settings import ProcessSettings


class IssuerSettings(ProcessSettings):
    """What the development issuer of tokens needs; it speaks to no broker and holds no agency's key."""

    service: str = "issuer"
    run_dir: Path = Field(description="folder where the signing key is made and kept")
    allowed_redirect_uris: tuple[str, ...] = Field(
        (), description="addresses that a sign-in may lead back to, to the letter"
    )
