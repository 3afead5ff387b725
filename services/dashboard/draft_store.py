"""The table of drafts. A draft is its person's, at one page; to anybody else, and after a day, it is not there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.local_drafts import SealedDraft

MOST_OFFERED: Final = 3
MOST_KEPT: Final = 50  # drafts of one person, the oldest making room

WALL = text("SELECT set_config('accord.agency', :agency_id, true), set_config('accord.person', :person_ref, true)")
SAVE = text("""
INSERT INTO dashboard.draft (agency_id, person_ref, draft_ref, page, wrapped_key, body, saved_at)
VALUES (:agency_id, :person_ref, :draft_ref, :page, :wrapped_key, :body, register.instant())
ON CONFLICT (agency_id, person_ref, draft_ref) DO UPDATE
    SET page = EXCLUDED.page, wrapped_key = EXCLUDED.wrapped_key, body = EXCLUDED.body, saved_at = EXCLUDED.saved_at
RETURNING saved_at
""")
MAKE_ROOM = text("""
DELETE FROM dashboard.draft WHERE draft_ref IN (
    SELECT draft_ref FROM dashboard.draft WHERE agency_id = :agency_id AND person_ref = :person_ref
    ORDER BY saved_at DESC OFFSET :most) AND agency_id = :agency_id AND person_ref = :person_ref
""")
OF_PAGE = text("""
SELECT draft_ref, saved_at FROM dashboard.draft
WHERE agency_id = :agency_id AND person_ref = :person_ref AND page = :page AND NOT dashboard.is_stale(saved_at)
ORDER BY saved_at DESC LIMIT :most
""")
BY_REF = text("""
SELECT wrapped_key, body FROM dashboard.draft
WHERE agency_id = :agency_id AND person_ref = :person_ref AND draft_ref = :draft_ref AND page = :page
    AND NOT dashboard.is_stale(saved_at)
""")
DISCARD = text("""
DELETE FROM dashboard.draft WHERE agency_id = :agency_id AND person_ref = :person_ref AND draft_ref = :draft_ref
""")
BROOM = text("SELECT carrying.lock_sweep('dashboard.draft')")
STALE = text("DELETE FROM dashboard.draft WHERE dashboard.is_stale(saved_at)")


@dataclass(frozen=True, slots=True)
class Writer:
    """Whose drafts these are, and at which page, by its digest."""

    agency_id: str
    person_ref: str
    page: bytes = field(repr=False)

    @property
    def keys(self) -> dict[str, object]:
        """Return the parameters by which a row is found."""
        return {"agency_id": self.agency_id, "person_ref": self.person_ref, "page": self.page}


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A draft that can be gone on with: which, when it was saved, and the page where."""

    draft_ref: UUID
    saved_at: datetime
    page: str = field(default="", repr=False)


async def save(session: AsyncSession, writer: Writer, draft_ref: UUID, sealed: SealedDraft) -> datetime:
    """Keep a draft in place of the one of its reference, which moves with its form to another page; return when."""
    await session.execute(WALL, writer.keys)
    row = {"draft_ref": draft_ref, "wrapped_key": sealed.wrapped_key, "body": sealed.body}
    saved_at: datetime = (await session.execute(SAVE, writer.keys | row)).scalar_one()
    await session.execute(MAKE_ROOM, writer.keys | {"most": MOST_KEPT})
    return saved_at


async def of_page(session: AsyncSession, writer: Writer) -> list[SavedDraft]:
    """Return the newest drafts of a page."""
    await session.execute(WALL, writer.keys)
    rows = await session.execute(OF_PAGE, writer.keys | {"most": MOST_OFFERED})
    return [SavedDraft(row.draft_ref, row.saved_at) for row in rows]


async def sealed_draft(session: AsyncSession, writer: Writer, draft_ref: UUID) -> SealedDraft | None:
    """Return a draft of a page as it is kept, or None where there is none of that page."""
    await session.execute(WALL, writer.keys)
    row = (await session.execute(BY_REF, writer.keys | {"draft_ref": draft_ref})).one_or_none()
    return None if row is None else SealedDraft(bytes(row.wrapped_key), bytes(row.body))


async def discard(session: AsyncSession, writer: Writer, draft_ref: UUID) -> None:
    """Forget a draft; one that is not there stays forgotten."""
    await session.execute(WALL, writer.keys)
    await session.execute(DISCARD, writer.keys | {"draft_ref": draft_ref})


async def forget(session: AsyncSession) -> None:
    """Delete the drafts of more than a day ago; by one process at a time."""
    if await session.scalar(BROOM):
        await session.execute(STALE)
