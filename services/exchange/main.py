"""Wiring of the exchange: its routes, its worker, and the relay that fills the mailboxes."""

from __future__ import annotations

import sys

from fastapi import FastAPI

from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.http import application, serve
from runtime.http.attended import attended
from runtime.keys import keyring
from runtime.outbox.relay import Relay
from runtime.settings import BrokerSettings, KeyringSettings, ProcessSettings, Settings, read
from runtime.worker import Worker
from services.exchange.api import routes
from services.exchange.stream import listen


def build(settings: KeyringSettings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    return application(settings, [routes])


def work(settings: Settings) -> None:
    """Keep what arrives in the mailboxes, until told to stop."""
    bound = engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS)
    worker = Worker(settings, consumer="exchange", sessions=sessions(bound), keys=keyring(settings))
    listen(worker)
    attended(settings, worker.run, worker.stop, worker.state.missing)


def relay(settings: BrokerSettings) -> None:
    """Send what waits in the outbox, until told to stop."""
    relaying = Relay(
        settings,
        engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS),
    )
    attended(settings, relaying.run, relaying.stop, relaying.state.missing)


PARTS: dict[str, type[ProcessSettings]] = {"api": KeyringSettings, "worker": Settings, "relay": BrokerSettings}


def main(part: str) -> None:
    """Run one of the processes: api, worker or relay."""
    match read(PARTS[part]):
        case Settings() as settings:
            work(settings)
        case BrokerSettings() as settings:
            relay(settings)
        case KeyringSettings() as settings:
            serve(build(settings), settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
