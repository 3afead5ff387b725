"""A partner's way in: what waits for you, and what you may see of it now."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from runtime import disclosure
from runtime.http import Absent, FieldError, Invalid, may, router
from runtime.unit import Unit
from services.exchange import store
from services.exchange.forms import (
    MessageAnswer,
    OpeningAnswer,
    OpeningForm,
    OpeningsAnswer,
    OpeningsForm,
    PageAnswer,
)

MayReadInbox = Annotated[Unit, Depends(may("inbox:read"))]
MayOpen = Annotated[Unit, Depends(may("messages:open"))]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[UUID | None, Query(description="the cursor of an earlier page")]

routes = router("/v1")


@routes.get("/inbox", response_model=PageAnswer)
async def read_inbox(unit: MayReadInbox, answer: Response, cursor: Cursor = None, limit: Limit = 50) -> PageAnswer:
    """List what this person could open now, oldest first: routing only."""
    return await _page(unit, answer, "/v1/inbox", cursor, limit)


@routes.get("/cases/{case_ref}/messages", response_model=PageAnswer)
async def read_case(
    case_ref: UUID, unit: MayReadInbox, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> PageAnswer:
    """List one case's file as this person may see it now; a case with nothing to see is absent."""
    page = await _page(unit, answer, f"/v1/cases/{case_ref}/messages", cursor, limit, case_ref)
    if not page.messages and cursor is None:
        raise Absent
    return page


@routes.post("/messages/{message_ref}/opening", response_model=OpeningAnswer, response_model_exclude_none=True)
async def open_message(message_ref: UUID, form: OpeningForm, unit: MayOpen) -> OpeningAnswer:
    """Open a message: the fields that the survivor allows now, for this purpose. The look is on record."""
    sealed = await store.sealed_messages(unit.session, unit.agency_id, [message_ref])
    opened = await disclosure.open(unit, sealed, form.purpose)
    if not opened:
        raise Absent
    return OpeningAnswer.of_opening(opened[0])


@routes.post("/openings", response_model=OpeningsAnswer, response_model_exclude_none=True)
async def open_messages(form: OpeningsForm, unit: MayOpen) -> OpeningsAnswer:
    """Open several messages at once, each by its own decision and with its own look on record."""
    sealed = await store.sealed_messages(unit.session, unit.agency_id, form.message_refs)
    opened = await disclosure.open(unit, sealed, form.purpose)
    return OpeningsAnswer(opened=[OpeningAnswer.of_opening(one) for one in opened])


async def _page(
    unit: Unit, answer: Response, path: str, cursor: UUID | None, limit: int, case_ref: UUID | None = None
) -> PageAnswer:
    """Return a page of what is visible, and one look further to tell whether more is."""
    after = 0
    if cursor is not None:
        place = await store.place_of(unit.session, unit.agency_id, cursor)
        if place is None:
            raise Invalid([FieldError("query.cursor", "unknown")])
        after = place
    found: list[store.Listed] = []
    while len(found) <= limit:
        rows = await store.messages_after(unit.session, unit.agency_id, after, limit + 1, case_ref)
        visible = await disclosure.visible(unit, [row.message_ref for row in rows])
        found += [row for row in rows if row.message_ref in visible]
        if len(rows) <= limit:
            break
        after = rows[-1].place
    shown = found[:limit]
    last = shown[-1].message_ref if shown else cursor
    if len(found) > limit:
        answer.headers["Link"] = f'<{path}?cursor={last}&limit={limit}>; rel="next"'
    return PageAnswer(messages=[MessageAnswer.of(row) for row in shown], cursor=None if last is None else str(last))
