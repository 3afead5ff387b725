"""What time brings to consent: a grant that starts later, an end that comes near, and what could not be told before.

Nothing opens or closes by this clock: the decision reads the instants itself.  It only tells.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI

from runtime import register
from runtime.http.wiring import Wiring
from runtime.telemetry import facts
from runtime.unit import Unit
from services.consent import changing, due
from services.consent.domain import Provision, of_expiry, of_grant
from services.consent.due import Due, Word
from services.consent.ground import Ground

log = logging.getLogger(__name__)
EVERY_SECONDS = 20.0


async def tick(wiring: Wiring) -> None:
    """Tell what is due, agency by agency, each thing in a transaction of its own."""
    async with wiring.sessions() as session:
        custodians = await due.custodians(session)
    for agency_id in custodians:
        with _noting_failure():
            await _of_agency(wiring, agency_id)


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
        await asyncio.sleep(EVERY_SECONDS)
        with _noting_failure():
            await tick(wiring)


async def _of_agency(wiring: Wiring, agency_id: str) -> None:
    async with wiring.sessions() as session:
        await due.behind_the_wall(session, agency_id)
        things = await due.of_agency(session, agency_id)
    for thing in things:
        async with wiring.sessions() as session:
            await due.behind_the_wall(session, agency_id)
            agency = await register.agency(session, agency_id)
            if agency is None:
                return
            await _tell(Unit(session, agency, "system:consent", wiring.keys), thing)
            await session.commit()


async def _tell(unit: Unit, thing: Due) -> None:
    """Tell one thing if it is still so: the subject is held, and what it allows now is what counts."""
    subject = await register.hold(unit.session, thing.case_ref)
    if subject is None:
        return
    ground = Ground(unit, subject, thing.case_ref)
    if thing.word is Word.UNTOLD:
        await changing.tell_late(ground, subject)
        return
    one = await due.provision(unit.session, subject.subject_id, thing.directive_ref)
    stands = one is not None and _is_open(ground, one)
    if one is None or not stands or not await due.take(unit.session, unit.agency_id, one.ref, thing.word):
        return
    if thing.word is Word.GRANTED:
        await changing.tell(unit, subject, [of_grant(one, thing.case_ref, subject.at)])
    else:
        await changing.tell(unit, subject, [of_expiry(one, thing.case_ref, subject.at)])


def _is_open(ground: Ground, one: Provision) -> bool:
    subject = ground.subject
    return subject.table.participating and one.in_force(subject.at)


@contextmanager
def _noting_failure() -> Iterator[None]:
    """Log what failed and go on: the next turn tries again, and one agency's trouble is not another's."""
    try:
        yield
    except Exception as failed:
        log.warning("clock_turn_failed", extra=facts(code=type(failed).__name__))
