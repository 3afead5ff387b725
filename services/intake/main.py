"""Wiring of intake: its routes behind the edge."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from fastapi import FastAPI

from runtime.http import application, serve
from runtime.settings import KeyringSettings, SettingsRefused, read
from services.intake.api import routes
from services.intake.api.screen_routes import INSTRUMENTS
from services.intake.domain import RiskInstrument
from services.intake.instrument_packs import OWN_INSTRUMENTS, InstrumentPackRefused, Key, read_instruments
from services.intake.settings import IntakeSettings


def build(settings: KeyringSettings, instruments: Mapping[Key, RiskInstrument] = OWN_INSTRUMENTS) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    app = application(settings, routes)
    setattr(app.state, INSTRUMENTS, instruments)
    return app


PARTS = {"api": IntakeSettings}


def main(part: str) -> None:
    """Run the one process there is: api. Raises `SettingsRefused` where a pack of instruments does not load."""
    settings = read(PARTS[part])
    try:
        instruments = read_instruments(settings.instrument_packs)
    except InstrumentPackRefused as error:
        raise SettingsRefused([f"ACCORD_INSTRUMENT_PACKS: {error}"]) from None
    serve(build(settings, instruments), settings)


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
