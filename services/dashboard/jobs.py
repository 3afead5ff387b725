"""What time brings to the live feed: changes of more than ten minutes ago are deleted."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.scheduler import log_and_continue
from services.dashboard import live_store

EVERY_SECONDS: Final = 60.0


async def forget_old_changes(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Delete old changes, over and over, until cancelled."""
    while True:
        with log_and_continue():
            async with sessions() as session:
                await live_store.forget(session)
                await session.commit()
        await asyncio.sleep(EVERY_SECONDS)
