"""A partner's way in: what waits for you, and what you may see of it now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from runtime import disclosure
from runtime.http import (
    Absent,
    Cursor,
    FieldError,
    Invalid,
    Limit,
    Withheld,
    answered_again_by,
    decided_each_time,
    may,
    router,
)
from runtime.http.paging import cursor_of, link_next, position_of
from runtime.unit import Unit
from schemas.codes import Purpose
from services.exchange import listing, store
from services.exchange.forms import (
    MessageAnswer,
    OfferingForm,
    OpeningAnswer,
    OpeningForm,
    OpeningsAnswer,
    OpeningsForm,
    PageAnswer,
)

MayReadInbox = Annotated[Unit, Depends(may("inbox:read"))]
MayWriteCases = Annotated[Unit, Depends(may("cases:write"))]
MayOpen = Annotated[Unit, Depends(may("messages:open"))]

routes = router("/v1")


@routes.get("/inbox")
async def read_inbox(
    unit: MayReadInbox, request: Request, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> PageAnswer:
    """List what this person could open now, oldest first: routing only."""
    return await _page(unit, request, answer, cursor, limit)


@routes.get("/cases/{case_ref}/messages")
async def read_case(
    case_ref: UUID, unit: MayReadInbox, request: Request, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> PageAnswer:
    """List one case's file as this person may see it now; a case with nothing to see is absent."""
    page = await _page(unit, request, answer, cursor, limit, case_ref)
    if not page.messages and not await listing.shows_anything(unit, case_ref):
        raise Absent
    return page


@routes.post("/messages/{message_ref}/opening", response_model_exclude_none=True)
@decided_each_time
async def open_message(message_ref: UUID, form: OpeningForm, unit: MayOpen) -> OpeningAnswer:
    """Open a message: the fields that the survivor allows now, for this purpose. The look is on record."""
    opened = await _opened(unit, [message_ref], form.purpose)
    if not opened:
        raise Absent
    return opened[0]


async def as_offered(message_ref: UUID, unit: MayWriteCases) -> None:
    """Say no more than that the message is still this person's to open."""
    if not await disclosure.visible(unit, [message_ref]):
        await disclosure.note_absent(unit, message_ref, name="message_ref")
        raise Withheld


@routes.post("/messages/{message_ref}/offering", status_code=204)
@answered_again_by(as_offered)
async def offer_message(message_ref: UUID, form: OfferingForm, unit: MayWriteCases) -> None:
    """Offer a fact of your own record again, to whom the survivor allows it by now; nothing is typed twice."""
    (sealed,) = await store.sealed_messages(unit.session, unit.agency_id, [message_ref])
    if not await disclosure.offer_own_copy(unit, sealed, form.to):
        raise Withheld


@routes.post("/openings", response_model_exclude_none=True)
@decided_each_time
async def open_messages(form: OpeningsForm, unit: MayOpen) -> OpeningsAnswer:
    """Open several messages at once, each by its own decision and with its own look on record."""
    return OpeningsAnswer(opened=await _opened(unit, form.message_refs, form.purpose))


async def _opened(unit: Unit, message_refs: Sequence[UUID], purpose: Purpose) -> list[OpeningAnswer]:
    sealed = await store.sealed_messages(unit.session, unit.agency_id, message_refs)
    return [OpeningAnswer.of_opening(one) for one in await disclosure.open(unit, sealed, purpose)]


async def _page(
    unit: Unit, request: Request, answer: Response, cursor: str | None, limit: int, case_ref: UUID | None = None
) -> PageAnswer:
    """Return a page of what is visible.

    The cursor is the last message shown, not its place: a place would count what is not shown.
    """
    page = await listing.page(unit, await _place(unit, cursor), limit, case_ref)
    last = cursor_of(str(page.messages[-1].message_ref)) if page.messages else cursor
    link_next(request, answer, last if page.more else None)
    return PageAnswer(messages=[MessageAnswer.of(row) for row in page.messages], cursor=last)


async def _place(unit: Unit, cursor: str | None) -> int:
    position = position_of(cursor, str)
    if position is None:
        return 0
    try:
        place = await store.place_of(unit.session, unit.agency_id, UUID(position[0]))
    except ValueError:
        place = None
    if place is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return place
