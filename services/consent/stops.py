"""When everything was last stopped: kept even where nothing stood, since a paper from before it opens nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

STOP = text("""
INSERT INTO consent.stop (subject_id, agency_id, stopped_at) VALUES (:subject_id, :agency, :at)
ON CONFLICT (subject_id, agency_id) DO UPDATE SET stopped_at = excluded.stopped_at
""")
STOPS = text("SELECT agency_id, stopped_at FROM consent.stop WHERE subject_id = :subject_id")


async def stop(session: AsyncSession, subject_id: int, agency: str, at: datetime) -> None:
    """Keep when everything was last stopped at this agency: no paper from before it opens anything."""
    await session.execute(STOP, {"subject_id": subject_id, "agency": agency, "at": at})


async def stops(session: AsyncSession, subject_id: int) -> dict[str, datetime]:
    """Return by agency when everything was last stopped there."""
    return {row.agency_id: row.stopped_at for row in await session.execute(STOPS, {"subject_id": subject_id})}
