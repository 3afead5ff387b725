"""What time brings to orders: a warning before their last day, and their end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI
from sqlalchemy import text

from runtime import disclosure, register
from runtime.http.wiring import Wiring
from runtime.telemetry import facts
from runtime.unit import Unit
from services.law_enforcement_bridge import domain, store

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
MOST_AT_ONCE = 50
WALL = text("SELECT set_config('accord.agency', :agency, true)")


async def pass_time(unit: Unit) -> int:
    """Warn of, or end, each order of the agency whose time has come, and make it known; return how many."""
    due = await store.orders_due(unit.session, unit.agency_id, MOST_AT_ONCE)
    now = await store.now(unit.session)
    told = [domain.pass_time(order, now) for order in due]
    for order, _ in told:
        await store.keep(unit.session, order)
    await disclosure.offer_many(unit, [fact for _, fact in told])
    return len(told)


async def tick(wiring: Wiring) -> None:
    """Do what is due now, agency by agency, each within its own wall and transaction."""
    async with wiring.sessions() as session:
        due = await store.agencies_due(session)
    for agency_id in due:
        with _noting_failure():
            await _until_done(wiring, agency_id)


@asynccontextmanager
async def ticking(app: FastAPI) -> AsyncIterator[None]:
    """Keep the clock going while the application lives."""
    task = asyncio.create_task(_tick_on(app.state.wiring))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _tick_on(wiring: Wiring) -> None:
    while True:
        with _noting_failure():
            await tick(wiring)
        await asyncio.sleep(EVERY_SECONDS)


@contextmanager
def _noting_failure() -> Iterator[None]:
    """Log what failed and go on: the next turn tries again, and one agency's trouble is not another's."""
    try:
        yield
    except Exception as error:
        log.warning("clock_turn_failed", extra=facts(code=type(error).__name__))


async def _until_done(wiring: Wiring, agency_id: str) -> None:
    done = MOST_AT_ONCE
    while done == MOST_AT_ONCE:
        async with wiring.sessions() as session:
            await session.execute(WALL, {"agency": agency_id})
            agency = await register.agency(session, agency_id)
            if agency is None:
                return
            done = await pass_time(Unit(session, agency, "system:law_enforcement_bridge", wiring.keys))
            await session.commit()
