"""What time brings to orders: a warning before their last day, and their end."""

from __future__ import annotations

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http.app_state import AppState
from runtime.scheduler import drain, log_and_continue, run_every
from services.law_enforcement_bridge import domain, endings, store

ACTOR = "system:law_enforcement_bridge"
EVERY_SECONDS = 5.0


async def expire_orders(unit: UnitOfWork) -> int:
    """Warn of, or end, the order of the agency whose time came first, and make it known; return how many there were.

    One a transaction: its survivor is held before its row, and exclusive where something may end with it.
    """
    due = await store.order_due(unit.session, unit.agency_id)
    if due is None:
        return 0
    now = await register.database_now(unit.session)
    ends = due.ends_at is not None and due.ends_at <= now
    await (register.lock_exclusive if ends else register.lock_shared)(unit.session, due.case_ref)
    order = await store.order_recorded_by(unit.session, unit.agency_id, due.order_ref, to_change=True)
    if order != due:
        return 1  # somebody changed it meanwhile; the next look is at what it is now
    moved, fact = domain.pass_time(order, now)
    await endings.keep(unit, moved)
    await disclosure.offer(unit, fact)
    return 1


async def run_jobs(app_state: AppState) -> None:
    """Do what is due now, agency by agency, each within its own wall and transaction."""
    async with app_state.sessions() as session:
        due = await store.agencies_due(session)
    for agency_id in due:
        with log_and_continue():
            await drain(app_state, agency_id, ACTOR, expire_orders, at_once=1)


scheduled_jobs = run_every(run_jobs, every=EVERY_SECONDS)
