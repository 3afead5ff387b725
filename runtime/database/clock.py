"""The clock of the database, by which what a survivor allowed is judged and everything is dated."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.hot_path import fetch_all

INSTANT = "SELECT register.instant()"


async def database_now(session: AsyncSession) -> datetime:
    """Return the present instant by the database's clock."""
    ((now,),) = await fetch_all(session, INSTANT)
    return now  # type: ignore[no-any-return]
