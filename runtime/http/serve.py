"""Running an application until it is told to stop."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from runtime.settings import ProcessSettings
from runtime.telemetry.setup import setup

GRACE_SECONDS = 10


def serve(app: FastAPI, settings: ProcessSettings) -> None:
    """Answer on the port of the settings; on SIGTERM or SIGINT let what is being answered end, then stop."""
    setup(settings)
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
