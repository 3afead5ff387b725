"""Wiring of notifications: its routes, the worker that plans and the sender that hands on."""

from __future__ import annotations

import asyncio
import sys

from fastapi import FastAPI

from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.http import application, serve
from runtime.http.attended import attended
from runtime.keys import UnsafeLocalKeyring
from runtime.settings import Profile, Settings, read
from runtime.worker import Worker
from services.notifications.api import routes
from services.notifications.channels import UnsafeFileChannel
from services.notifications.sending import Sender
from services.notifications.stream import listen


def build(settings: Settings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    return application(settings, [routes])


def work(settings: Settings) -> None:
    """Plan and send until told to stop."""
    bound = sessions(
        engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS)
    )
    production = settings.profile is Profile.PRODUCTION
    keys = UnsafeLocalKeyring(settings.keys, production=production)
    worker = Worker(settings, consumer="notifications", sessions=bound, keys=keys)
    listen(worker)
    sender = Sender(bound, keys, UnsafeFileChannel(settings.run, production=production))

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            group.create_task(sender.run())

    def stop() -> None:
        worker.stop()
        sender.stop()

    attended(settings, both, stop, lambda: (*worker.state.missing(), *(() if sender.well else ("sender",))))


def main(part: str) -> None:
    """Run one of the processes: api or worker."""
    settings = read()
    {"api": lambda: serve(build(settings), settings), "worker": lambda: work(settings)}[part]()


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
