"""What time brings: changes of more than ten minutes ago are deleted, and drafts of more than a day ago."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.scheduler import log_and_continue
from services.dashboard import draft_store, live_store

EVERY_SECONDS: Final = 60.0


async def forget_what_is_old(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Delete old changes and drafts, over and over, until cancelled."""
    while True:
        with log_and_continue():
            async with sessions() as session:
                await live_store.forget(session)
                await draft_store.forget(session)
                await session.commit()
        await asyncio.sleep(EVERY_SECONDS)
