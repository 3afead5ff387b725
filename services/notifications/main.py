"""Wiring of notifications: its routes, the worker that plans and the sender that hands on."""

from __future__ import annotations

import asyncio
import sys

from fastapi import FastAPI

from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.http import application, serve
from runtime.http.background_process import run_with_health
from runtime.keyring import keyring_from
from runtime.messaging.consumer import Worker
from runtime.settings import KeyringSettings, ProcessSettings, Profile, read
from services.notifications.api import routes
from services.notifications.channels import UnsafeFileChannel
from services.notifications.consumers import listen
from services.notifications.dispatcher import NoticeDispatcher
from services.notifications.settings import SendingSettings


def build(settings: KeyringSettings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    return application(settings, [routes])


def work(settings: SendingSettings) -> None:
    """Plan and send until told to stop."""
    bound = sessions(
        engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS)
    )
    keys = keyring_from(settings)
    worker = Worker(settings, consumer="notifications", sessions=bound, keys=keys)
    listen(worker)
    sender = NoticeDispatcher(
        bound, keys, UnsafeFileChannel(settings.run_dir, production=settings.profile is Profile.PRODUCTION)
    )

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            group.create_task(sender.run())

    def stop() -> None:
        worker.stop()
        sender.stop()

    run_with_health(settings, run, stop, lambda: (*worker.state.missing(), *(() if sender.healthy else ("sender",))))


PARTS: dict[str, type[ProcessSettings]] = {"api": KeyringSettings, "worker": SendingSettings}


def main(part: str) -> None:
    """Run one of the processes: api or worker."""
    match read(PARTS[part]):
        case SendingSettings() as settings:
            work(settings)
        case KeyringSettings() as settings:
            serve(build(settings), settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
