"""A process that answers no requests but those after its health: a worker, the relay, the sequencer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import uvicorn

from runtime.http.application import problem_application
from runtime.http.health import Readiness, health
from runtime.http.server import config_of
from runtime.settings import ProcessSettings
from runtime.telemetry.setup import setup


def run_with_health(
    settings: ProcessSettings,
    work: Callable[[], Awaitable[None]],
    stop: Callable[[], None],
    missing: Callable[[], Sequence[str]],
) -> None:
    """Do `work` until told to stop, with `/healthz` and `/readyz` beside it.

    `missing` names the parts that the work lacks.  A work that ends by itself ends the process with its error, so
    that whoever started it sees it and starts it again.
    """
    setup(settings)
    asyncio.run(_run_with_health(settings, work, stop, missing))


async def _run_with_health(
    settings: ProcessSettings,
    work: Callable[[], Awaitable[None]],
    stop: Callable[[], None],
    missing: Callable[[], Sequence[str]],
) -> None:
    readiness = CallableReadiness(missing)
    app = problem_application(settings.service)
    app.include_router(health(lambda: readiness))
    server = uvicorn.Server(config_of(app, settings))

    async def working() -> None:
        try:
            await work()
        finally:
            server.should_exit = True

    async def answering() -> None:
        await server.serve()  # returns on SIGTERM and SIGINT
        stop()

    async with asyncio.TaskGroup() as group:
        group.create_task(working())
        group.create_task(answering())


class CallableReadiness(Readiness):
    """Readiness that the work itself tells."""

    def __init__(self, parts: Callable[[], Sequence[str]]) -> None:
        super().__init__({})
        self._parts = parts

    async def missing(self) -> list[str]:
        """Return the names of the parts that are not there."""
        return list(self._parts())
