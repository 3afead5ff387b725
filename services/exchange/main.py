"""Wiring of the exchange: its routes, its worker, and the relay that fills the mailboxes."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from kernel.ledger import note
from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.http import application, serve
from runtime.http.background_process import run_with_health
from runtime.http.middleware import ANSWER_TIMES
from runtime.keyring import keyring_from
from runtime.messaging.consumer import Worker
from runtime.messaging.outbox.relay import Relay
from runtime.settings import BrokerSettings, OpeningSettings, ProcessSettings, Settings, read
from runtime.telemetry.answer_times import AnswerTimes
from services.exchange import carriage_routes
from services.exchange.api import OPENING, PROMISE_KEY, routes
from services.exchange.consumers import listen


def build(settings: OpeningSettings) -> FastAPI:
    """Return the application; it connects to nothing before it starts. With a key to promise by, openings do."""

    @asynccontextmanager
    async def promising(app: FastAPI) -> AsyncIterator[None]:
        setattr(app.state, ANSWER_TIMES, AnswerTimes([OPENING]))
        if settings.promise_key_file is not None:
            setattr(app.state, PROMISE_KEY, _promise_key(settings.promise_key_file))
        yield

    return application(settings, [routes, carriage_routes.routes], around=promising)


def _promise_key(file: Path) -> str:
    """Return the signing key; raises `OSError` or `kernel.ledger.note.Malformed` where there is none."""
    skey = file.read_text(encoding="utf-8").strip()
    note.vkey_of(skey)
    return skey


def work(settings: Settings) -> None:
    """Keep what arrives in the mailboxes, until told to stop."""
    bound = engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS)
    worker = Worker(settings, consumer="exchange", sessions=sessions(bound), keys=keyring_from(settings))
    listen(worker)
    run_with_health(settings, worker.run, worker.stop, worker.state.missing)


def relay(settings: BrokerSettings) -> None:
    """Send what waits in the outbox, until told to stop."""
    relaying = Relay(
        settings,
        engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS),
    )
    run_with_health(settings, relaying.run, relaying.stop, relaying.state.missing)


PARTS: dict[str, type[ProcessSettings]] = {"api": OpeningSettings, "worker": Settings, "relay": BrokerSettings}


def main(part: str) -> None:
    """Run one of the processes: api, worker or relay."""
    match read(PARTS[part]):
        case Settings() as settings:
            work(settings)
        case BrokerSettings() as settings:
            relay(settings)
        case OpeningSettings() as settings:
            serve(build(settings), settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
