"""Running an application until it is told to stop."""

from __future__ import annotations

import gc

import uvicorn
from fastapi import FastAPI

from runtime.settings import ProcessSettings
from runtime.telemetry.setup import setup

GRACE_SECONDS = 10


def serve(app: FastAPI, settings: ProcessSettings) -> None:
    """Answer on the port of the settings; on SIGTERM or SIGINT let what is being answered end, then stop."""
    setup(settings)
    _set_aside()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=20,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=32 * 1024,
    )


def _set_aside() -> None:
    # What was imported and built lives as long as the process: the collector would go through all of it some fifty
    # requests after the start, and nobody is answered in those ninety milliseconds.
    gc.collect()
    gc.freeze()
