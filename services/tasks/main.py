"""Wiring of tasks: its routes, and the clock beside them."""

from __future__ import annotations

import sys

from fastapi import FastAPI

from runtime.http import application, serve
from runtime.settings import KeyringSettings, read
from services.tasks.api import routes
from services.tasks.jobs import scheduled_jobs


def build(settings: KeyringSettings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    return application(settings, routes, around=scheduled_jobs)


PARTS = {"api": KeyringSettings}


def main(part: str) -> None:
    """Run the one process there is: api."""
    settings = read(PARTS[part])
    serve(build(settings), settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
