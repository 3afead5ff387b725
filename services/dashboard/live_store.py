"""The tables of the live feed: that something changed for an agency, and of which case; kept for ten minutes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.dashboard.live_changes import MOST_KEPT, Change, RecentChanges

# One round trip for all agencies: see the functions in 0002_live.py.
NOTE = text("SELECT dashboard.note_changes(CAST(:agencies AS text[]), CAST(:cases AS uuid[]))")
SINCE = text("""
SELECT agency, at_place, of_case
FROM dashboard.changes_since(CAST(:agencies AS text[]), CAST(:places AS bigint[]), :most)
""")
OVER = text("SELECT dashboard.sessions_over(CAST(:digests AS bytea[]))")
WALL = text("SELECT set_config('accord.agency', :agency_id, true)")
PLACE = text("SELECT place FROM dashboard.feed WHERE agency_id = :agency_id")
BROOM = text("SELECT carrying.lock_sweep('dashboard.change')")
OLD = text("DELETE FROM dashboard.change WHERE dashboard.is_old(changed_at)")


async def note(session: AsyncSession, changed: Collection[tuple[str, UUID | None]]) -> None:
    """Note that something changed for an agency, of one of its cases or of none in particular."""
    agencies, cases = [agency_id for agency_id, _ in changed], [case_ref for _, case_ref in changed]
    await session.execute(NOTE, {"agencies": agencies, "cases": cases})


async def changes_since(session: AsyncSession, places: Mapping[str, int]) -> dict[str, list[Change]]:
    """Return for each agency the newest changes behind its place, the oldest of them first."""
    by_agency: dict[str, list[Change]] = defaultdict(list)
    params = {"agencies": list(places), "places": list(places.values()), "most": MOST_KEPT}
    for agency_id, place, case_ref in await session.execute(SINCE, params):
        by_agency[agency_id].append(Change(place, case_ref))
    return {agency_id: sorted(changes, key=lambda change: change.place) for agency_id, changes in by_agency.items()}


async def recent(session: AsyncSession, agency_id: str) -> RecentChanges:
    """Return what changed for an agency in the last minutes, and the place of the last change."""
    await session.execute(WALL, {"agency_id": agency_id})
    place = await session.scalar(PLACE, {"agency_id": agency_id})
    changes = await changes_since(session, {agency_id: 0})
    return RecentChanges(place or 0, changes.get(agency_id, ()))


async def sessions_over(session: AsyncSession, digests: Collection[bytes]) -> set[bytes]:
    """Return those of the sessions that ended, by sign-out or by time."""
    return {bytes(digest) for digest in await session.scalars(OVER, {"digests": list(digests)})}


async def forget(session: AsyncSession) -> None:
    """Delete what changed more than ten minutes ago; by one process at a time."""
    if await session.scalar(BROOM):
        await session.execute(OLD)
