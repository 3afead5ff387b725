"""Wiring of the law enforcement bridge: its routes, and the clock beside them."""

from __future__ import annotations

import sys

from fastapi import FastAPI

from runtime.http import application, serve
from runtime.settings import Settings, read
from services.law_enforcement_bridge import domain
from services.law_enforcement_bridge.api import routes
from services.law_enforcement_bridge.clock import ticking

REFUSALS = {
    domain.NotPossible: "not_possible",
    domain.UnknownRespondent: "unknown_respondent",
    domain.RespondentNeeded: "respondent_needed",
    domain.NotYet: "in_the_future",
}


def build(settings: Settings) -> FastAPI:
    """Return the application; it connects to nothing before it starts."""
    return application(settings, routes, refusals=REFUSALS, around=ticking)


def main(part: str) -> None:
    """Run one of the processes; there is one."""
    settings = read()
    {"api": lambda: serve(build(settings), settings)}[part]()


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["api"])
