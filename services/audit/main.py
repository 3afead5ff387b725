"""Wiring of audit: its routes, and the sequencer beside them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from runtime.http import application, serve
from runtime.ledger.sequencer import Sequencer
from runtime.settings import LedgerSettings, read
from services.audit.api import routes
from services.audit.public_key import publish_key


def build(settings: LedgerSettings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    sequencer = Sequencer(settings)

    @asynccontextmanager
    async def around(app: FastAPI) -> AsyncIterator[None]:
        publish_key(app, settings.ledger_key_file)
        async with sequencer.running():
            yield

    return application(settings, routes, readiness={"sequencer": sequencer.healthy}, around=around)


PARTS = {"api": LedgerSettings}


def main(part: str) -> None:
    """Run the one process there is: api."""
    settings = read(PARTS[part])
    serve(build(settings), settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
