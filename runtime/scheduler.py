"""What time brings: a service goes round its agencies, each within its own wall and transaction.

Nothing opens or closes by such a round: a decision reads the instants itself.  A round tells, reminds and tidies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import failpoints, register
from runtime.auth.principal import Kind
from runtime.database.unit_of_work import UnitOfWork
from runtime.error_kinds import safe_error_name
from runtime.http.app_state import AppState
from runtime.keyring import Keyring
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id

Job = Callable[[AppState], Awaitable[None]]
BatchWork = Callable[[UnitOfWork], Awaitable[int]]

BATCH_SIZE = 50
WALL = text("SELECT set_config('accord.agency', :agency, true)")
log = logging.getLogger(__name__)


def run_every(job: Job, *, every: float) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return what keeps `tick` going, every so many seconds, while an application lives."""

    async def repeat(app_state: AppState) -> None:
        while True:
            with log_and_continue():
                await job(app_state)
            await asyncio.sleep(every)

    @asynccontextmanager
    async def around(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(repeat(app.state.app_state))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return around


@contextmanager
def log_and_continue() -> Iterator[None]:
    """Log what failed and go on: the next round tries again, and one agency's trouble is not another's."""
    try:
        yield
    except Exception as failed:
        log.warning("job_failed", extra=log_fields(code=safe_error_name(failed), error_id=error_id(failed)))


@asynccontextmanager
async def agency_unit_of_work(
    sessions: async_sessionmaker[AsyncSession], keys: Keyring, agency_id: str, actor: str
) -> AsyncIterator[UnitOfWork | None]:
    """Open a unit for an agency behind its own wall; None if it is not active. Whoever opened it commits."""
    async with sessions() as session:
        await session.execute(WALL, {"agency": agency_id})
        agency = await register.agency(session, agency_id)
        yield None if agency is None else UnitOfWork(session, agency, actor, keys, Kind.SERVICE)


async def drain(app_state: AppState, agency_id: str, actor: str, work: BatchWork, at_once: int = BATCH_SIZE) -> None:
    """Do `work` for an agency, `at_once` things a transaction, until less than that was left to do."""
    done = at_once
    while done == at_once:
        async with agency_unit_of_work(app_state.sessions, app_state.keys, agency_id, actor) as unit:
            if unit is None:
                return
            done = await work(unit)
            await commit(unit)


async def commit(unit: UnitOfWork) -> None:
    """Keep what a round did for an agency."""
    failpoints.hit("round.before_commit")
    await unit.session.commit()
    failpoints.hit("round.after_commit")
