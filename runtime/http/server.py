"""Running an application until it is told to stop."""

from __future__ import annotations

import gc
import logging
import resource
import sys

import uvicorn
from fastapi import FastAPI

from runtime.http.connections import MOST_HEAD_BYTES, Connections, protocol_of
from runtime.settings import ProcessSettings
from runtime.telemetry import log_fields
from runtime.telemetry.setup import setup

GRACE_SECONDS = 10
BACKLOG = 256  # connections that the system takes in before we do; each is a file as soon as it is taken
OTHER_FILES = 64  # of the interpreter, logs, telemetry and requests to others
NOT_STARTED = 3
log = logging.getLogger(__name__)


def serve(app: FastAPI, settings: ProcessSettings) -> None:
    """Answer on the port of the settings; on SIGTERM or SIGINT let what is being answered end, then stop.

    Exits with 1 and one line in the log where the process may open fewer files than its connections need.
    """
    setup(settings)
    _set_aside()
    server = uvicorn.Server(config_of(app, settings))
    server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


def config_of(app: FastAPI, settings: ProcessSettings) -> uvicorn.Config:
    """Return how `app` is served: within the limits of the settings, and silent about itself."""
    needed = settings.max_connections + settings.database_pool + settings.reserved_for_stops + BACKLOG + OTHER_FILES
    _allow_files(needed)
    connections = Connections(
        settings.max_connections, settings.max_connections_per_address, settings.header_timeout_seconds
    )
    return uvicorn.Config(
        app,
        http=protocol_of(connections),
        ws="none",
        host=settings.host,
        port=settings.port,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=20,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )


def _allow_files(needed: int) -> None:
    """Raise this process's limit of open files to what it needs, or end it where the system's limit is less."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY in (soft, hard) and soft in (resource.RLIM_INFINITY, hard):
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        log.critical("too_few_descriptors", extra=log_fields(count=hard, missing=needed - hard))
        sys.exit(NOT_STARTED)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _set_aside() -> None:
    # What was imported and built lives as long as the process: the collector would go through all of it some fifty
    # requests after the start, and nobody is answered in those ninety milliseconds.
    gc.collect()
    gc.freeze()
