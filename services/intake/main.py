"""Wiring of intake: its routes behind the edge, and the worker that hears of what changes the danger."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from fastapi import FastAPI

from runtime.database.engine import BATCH_SECONDS, engine, sessions
from runtime.http import application, serve
from runtime.http.background_process import run_with_health
from runtime.keyring import NoKeyring
from runtime.messaging.consumer import Worker
from runtime.settings import BrokerSettings, KeyringSettings, ProcessSettings, SettingsRefused, read
from services.intake.api import routes
from services.intake.api.screen_routes import INSTRUMENTS
from services.intake.consumers import listen
from services.intake.domain import RiskInstrument
from services.intake.instrument_packs import OWN_INSTRUMENTS, InstrumentPackRefused, Key, read_instruments
from services.intake.settings import IntakeSettings


def build(settings: KeyringSettings, instruments: Mapping[Key, RiskInstrument] = OWN_INSTRUMENTS) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    app = application(settings, routes)
    setattr(app.state, INSTRUMENTS, instruments)
    return app


def answer(settings: IntakeSettings) -> None:
    """Answer until told to stop. Raises `SettingsRefused` where a pack of instruments does not load."""
    try:
        instruments = read_instruments(settings.instrument_packs)
    except InstrumentPackRefused as error:
        raise SettingsRefused([f"ACCORD_INSTRUMENT_PACKS: {error}"]) from None
    serve(build(settings, instruments), settings)


def work(settings: BrokerSettings) -> None:
    """Read the routing of what comes to the mailboxes until told to stop; nothing is opened, so no key is needed."""
    bound = sessions(
        engine(settings.database, pool_size=settings.database_pool, service=settings.service, seconds=BATCH_SECONDS)
    )
    worker = Worker(settings, consumer="intake", sessions=bound, keys=NoKeyring())
    listen(worker)
    run_with_health(settings, worker.run, worker.stop, worker.state.missing)


PARTS: dict[str, type[ProcessSettings]] = {"api": IntakeSettings, "worker": BrokerSettings}


def main(part: str) -> None:
    """Run one of the processes: api or worker."""
    match read(PARTS[part]):
        case IntakeSettings() as settings:
            answer(settings)
        case BrokerSettings() as settings:
            work(settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
