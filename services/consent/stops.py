"""What a stop reads and keeps: as much as it ends, however much else was written of the survivor (M7)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.consent.domain import DirectiveSummary

STOP = text("""
INSERT INTO consent.stop (subject_id, agency_id, stopped_at) VALUES (:subject_id, :agency, :at)
ON CONFLICT (subject_id, agency_id) DO UPDATE SET stopped_at = excluded.stopped_at
""")
# A state that is in no list of ours counts as one that stands: whatever it is, a stop ends it.
LIVE_PERMITS = text("""
SELECT directive_ref, custodian, recipient, effect, state, relayed, supersedes_ref FROM register.directive
WHERE subject_id = :subject_id AND effect = 'permit' AND state NOT IN ('refused', 'revoked', 'superseded')
ORDER BY directive_ref
""")
CHAIN = text("""
WITH RECURSIVE chain AS (
    SELECT directive_ref, custodian, recipient, effect, state, relayed, supersedes_ref
    FROM register.directive WHERE directive_ref = :ref AND subject_id = :subject_id
    UNION SELECT d.directive_ref, d.custodian, d.recipient, d.effect, d.state, d.relayed, d.supersedes_ref
    FROM register.directive AS d JOIN chain ON d.supersedes_ref = chain.directive_ref WHERE d.subject_id = :subject_id
)
SELECT * FROM chain ORDER BY directive_ref
""")
STOPS = text("SELECT agency_id, stopped_at FROM consent.stop WHERE subject_id = :subject_id")


async def stop(session: AsyncSession, subject_id: int, agency: str, at: datetime) -> None:
    """Keep when everything was last stopped at this agency: no paper from before it opens anything."""
    await session.execute(STOP, {"subject_id": subject_id, "agency": agency, "at": at})


async def stops(session: AsyncSession, subject_id: int) -> dict[str, datetime]:
    """Return by agency when everything was last stopped there."""
    return {row.agency_id: row.stopped_at for row in await session.execute(STOPS, {"subject_id": subject_id})}


async def live_permits(session: AsyncSession, subject_id: int) -> tuple[DirectiveSummary, ...]:
    """Return every permit and draft of the subject that is not over, readable or not."""
    return tuple(DirectiveSummary(*row) for row in await session.execute(LIVE_PERMITS, {"subject_id": subject_id}))


async def chain(session: AsyncSession, subject_id: int, ref: UUID) -> tuple[DirectiveSummary, ...]:
    """Return a directive and whatever has come in its place since, readable or not."""
    rows = await session.execute(CHAIN, {"subject_id": subject_id, "ref": ref})
    return tuple(DirectiveSummary(*row) for row in rows)
