"""What time brings to orders: a warning before their last day, and their end."""

from __future__ import annotations

from runtime import disclosure, register
from runtime.http.wiring import Wiring
from runtime.rounds import MOST_AT_ONCE, going_round, noting_failure, until_done
from runtime.unit import Unit
from services.law_enforcement_bridge import domain, store

ACTOR = "system:law_enforcement_bridge"
EVERY_SECONDS = 5.0


async def pass_time(unit: Unit) -> int:
    """Warn of, or end, each order of the agency whose time has come, and make it known; return how many."""
    due = await store.orders_due(unit.session, unit.agency_id, MOST_AT_ONCE)
    now = await register.instant(unit.session)
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
        with noting_failure():
            await until_done(wiring, agency_id, ACTOR, pass_time)


ticking = going_round(tick, every=EVERY_SECONDS)
