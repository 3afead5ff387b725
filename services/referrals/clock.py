"""What time brings to referrals: an answer that did not come, and a release that ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import disclosure, register
from runtime.http.wiring import Wiring
from runtime.telemetry import facts
from runtime.unit import Unit
from services.referrals import domain, store
from services.referrals.release import release_for

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
MOST_AT_ONCE = 50
WALL = text("SELECT set_config('accord.agency', :agency, true)")

Work = Callable[[Unit], Awaitable[int]]


async def remind(unit: Unit) -> int:
    """Note each referral of the agency that nobody answered in time, once, and make it known; return how many."""
    due = await store.overdue_referrals(unit.session, unit.agency_id, MOST_AT_ONCE)
    now = await store.now(unit.session)
    noted = [domain.mark_overdue(referral, now) for referral in due]
    for late, _ in noted:
        await store.keep(unit.session, late)
    await disclosure.offer_many(unit, [fact for _, fact in noted])
    return len(noted)


async def review(unit: Unit) -> int:
    """Withdraw each open referral that its receiver may no longer see; return how many were looked at."""
    referrals = await store.unreviewed_referrals(unit.session, unit.agency_id, MOST_AT_ONCE)
    held = await register.hold_all(unit.session, {referral.case_ref for referral in referrals})
    ended = []
    for referral in referrals:
        subject = held[referral.case_ref]
        release = release_for(subject, unit.agency_id, referral.receiving_agency, referral.purpose)
        if release.mask:
            await store.note_review(unit.session, referral, release)
            continue
        withdrawn, fact = domain.end_with_its_release(referral, subject.at)
        await store.keep(unit.session, withdrawn)
        ended.append(fact)
    await disclosure.offer_many(unit, ended)
    return len(referrals)


async def tick(wiring: Wiring) -> None:
    """Do what is due now, agency by agency, each within its own wall and transaction."""
    async with wiring.sessions() as session:
        due = [(agency_id, review) for agency_id in await store.agencies_to_review(session)]
        due += [(agency_id, remind) for agency_id in await store.agencies_to_remind(session)]
    for agency_id, work in due:
        with _noting_failure():
            await _until_done(wiring, agency_id, work)


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


async def _until_done(wiring: Wiring, agency_id: str, work: Work) -> None:
    done = MOST_AT_ONCE
    while done == MOST_AT_ONCE:
        async with wiring.sessions() as session:
            done = await _turn(session, wiring, agency_id, work)


async def _turn(session: AsyncSession, wiring: Wiring, agency_id: str, work: Work) -> int:
    await session.execute(WALL, {"agency": agency_id})
    agency = await register.agency(session, agency_id)
    if agency is None:
        return 0
    done = await work(Unit(session, agency, "system:referrals", wiring.keys))
    await session.commit()
    return done
