"""What one person recorded and a second one must confirm, kept for the custodian's own staff."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.consent.domain import Provision

WAIT = text("""
INSERT INTO consent.awaiting (about, agency_id, recorded_by, parties, since, signed_at, evidence)
VALUES (:about, :agency, :recorded_by, :parties, :since, :signed_at, CAST(:evidence AS jsonb))
ON CONFLICT (about) DO UPDATE SET recorded_by = excluded.recorded_by, parties = excluded.parties,
    since = excluded.since, signed_at = excluded.signed_at, evidence = excluded.evidence
""")
WAIT_NO_MORE = text("DELETE FROM consent.awaiting WHERE about = :about")


async def wait(session: AsyncSession, one: Provision) -> None:
    """Keep who recorded an opening that a second person must confirm, in place of what waited before."""
    if one.waiting is None:
        raise LookupError("nothing waits")
    row = {
        "about": one.ref,
        "agency": one.directive.custodian,
        "recorded_by": one.waiting.recorded_by,
        "parties": sorted(one.waiting.parties),
        "since": one.waiting.since,
        "signed_at": one.waiting.signed_at,
        "evidence": json.dumps(dict(one.waiting.evidence)),
    }
    await session.execute(WAIT, row)


async def wait_no_more(session: AsyncSession, about: UUID) -> None:
    """Forget that an opening waited: it was confirmed, or said no to."""
    await session.execute(WAIT_NO_MORE, {"about": about})
