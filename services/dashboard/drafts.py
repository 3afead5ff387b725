"""Work that is not lost: what a person types is kept on the server, at its page, until it is sent, discarded or old.

A draft goes by the key of its form.  So a form that is gone on with is the same form: sent twice, it is one act; and
what is typed at the page meanwhile is a form, and a draft, of its own.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from starlette.datastructures import ImmutableMultiDict

from kernel.sealing.envelope import NotOpenable
from runtime.error_kinds import safe_error_name
from runtime.http.app_state import AppState
from runtime.local_drafts import seal_draft, unseal_draft
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id
from services.dashboard import draft_store
from services.dashboard.draft_store import SavedDraft, Writer
from services.dashboard.session_auth import SessionUser

# Not typed by anybody, or proven anew with each page.
NOT_KEPT: Final = frozenset({"token", "page"})
log = logging.getLogger(__name__)


async def save(
    app_state: AppState, visit: SessionUser, page: str, draft_ref: UUID, fields: Sequence[tuple[str, str]]
) -> datetime:
    """Keep what was typed at a page; return when."""
    writer = writer_at(visit, page)
    typed = [(name, value) for name, value in fields if name not in NOT_KEPT]
    sealed = await seal_draft(app_state.keys, writer.agency_id, _place(writer, draft_ref), typed)
    async with app_state.sessions() as session:
        saved_at = await draft_store.save(session, writer, draft_ref, sealed)
        await session.commit()
    return saved_at


async def of_page(app_state: AppState, visit: SessionUser, page: str) -> list[SavedDraft]:
    """Return the person's newest drafts of a page."""
    async with app_state.sessions() as session:
        saved = await draft_store.of_page(session, writer_at(visit, page))
    return [replace(draft, page=page) for draft in saved]


async def resumed(
    app_state: AppState, visit: SessionUser, page: str, draft_ref: UUID
) -> ImmutableMultiDict[str, str] | None:
    """Return the fields of a person's draft of this page, or None where there is none that opens here."""
    writer = writer_at(visit, page)
    async with app_state.sessions() as session:
        sealed = await draft_store.sealed_draft(session, writer, draft_ref)
    if sealed is None:
        return None
    try:
        fields = await unseal_draft(app_state.keys, writer.agency_id, _place(writer, draft_ref), sealed)
    except NotOpenable:
        return None
    return ImmutableMultiDict(fields)


async def discard(app_state: AppState, visit: SessionUser, page: str, draft_ref: UUID) -> None:
    """Forget a draft."""
    async with app_state.sessions() as session:
        await draft_store.discard(session, writer_at(visit, page), draft_ref)
        await session.commit()


async def discard_sent(app_state: AppState, visit: SessionUser, page: str, draft_ref: UUID) -> None:
    """Forget the draft of a form that was carried out; where that fails, sending it again would be the same act."""
    try:
        await discard(app_state, visit, page, draft_ref)
    except Exception as failed:
        log.warning("draft_stays", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed)))


def writer_at(visit: SessionUser, page: str) -> Writer:
    """Return whose drafts of which page are meant; `page` is its address without a query."""
    return Writer(visit.agency.agency_id, visit.person_ref, hashlib.sha256(page.encode()).digest())


def _place(writer: Writer, draft_ref: UUID) -> bytes:
    return f"{writer.person_ref} {draft_ref} ".encode() + writer.page
