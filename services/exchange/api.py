"""A partner's way in: what waits for you, and what you may see of it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request, Response

from kernel.ledger.promise import promise
from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import (
    Absent,
    Cursor,
    FieldError,
    Invalid,
    Limit,
    Withheld,
    never_replayed,
    replayed_by,
    require_scope,
    router,
)
from runtime.http.pagination import CountResponse, link_next, position_of
from runtime.http.sealed_cursors import sealed, unsealed
from schemas.codes import Purpose
from services.exchange import inbox, store
from services.exchange.requests import HandlingRequest, OfferingRequest, OpeningRequest, OpeningsRequest
from services.exchange.responses import (
    MessageResponse,
    OpeningResponse,
    OpeningsResponse,
    PageResponse,
    PurposesResponse,
)
from services.exchange.store import MailQueue

MayReadInbox = Annotated[UnitOfWork, Depends(require_scope("inbox:read"))]
MayWriteCases = Annotated[UnitOfWork, Depends(require_scope("cases:write"))]
MayOpen = Annotated[UnitOfWork, Depends(require_scope("messages:open"))]

MAILBOX = "inbox"
OPENING: Final = "/v1/messages/{message_ref}/opening"  # the door, whose time an agency's officer is told
PROMISE_KEY: Final = "promise_key"  # of the application's state

routes = router("/v1")


@routes.get("/inbox")
async def read_inbox(
    unit: MayReadInbox,
    request: Request,
    answer: Response,
    queue: MailQueue | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageResponse:
    """List what this person could open now, oldest first: routing only.

    `queue` names those of other agencies by what this agency did about them: `unread` was opened by nobody of it and
    marked by nobody, `opened` and `handled` stand newest first.
    """
    return await _page(unit, request, answer, cursor, limit, queue=queue)


@routes.get("/inbox/count")
async def count_inbox(unit: MayReadInbox, queue: MailQueue | None = None) -> CountResponse:
    """Count what the list of the same query would show now, up to 1,000; no row leaves."""
    count, whole = await inbox.count(unit, queue)
    return CountResponse.of(count, whole=whole)


@routes.get("/cases/{case_ref}/messages")
async def read_case(
    case_ref: UUID, unit: MayReadInbox, request: Request, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> PageResponse:
    """List one case's file as this person may see it now; a case with nothing to see is absent."""
    page = await _page(unit, request, answer, cursor, limit, case_ref)
    if not page.messages and not await inbox.shows_anything(unit, case_ref):
        raise Absent
    return page


@routes.post("/messages/{message_ref}/opening", response_model_exclude_none=True)
@never_replayed
async def open_message(message_ref: UUID, form: OpeningRequest, unit: MayOpen, request: Request) -> OpeningResponse:
    """Open a message: the fields that the survivor allows now, for this purpose. The look is on record."""
    opened = await _opened(unit, [message_ref], form.purpose)
    if not opened:
        raise Absent
    return OpeningResponse.of_opening(opened[0], _promised(request, opened))


@routes.put("/messages/{message_ref}/handling")
@never_replayed
async def handle_message(message_ref: UUID, form: HandlingRequest, unit: MayOpen) -> MessageResponse:
    """Say that your agency has dealt with a message, or has not: for your agency's own queue, and told to nobody.

    The first mark stands, with who set it and when, until somebody takes it away.
    """
    openable = (await disclosure.purposes_now(unit, [message_ref])).get(message_ref)
    if openable is None:
        await disclosure.record_not_found(unit, message_ref, name="message_ref")
        raise Withheld
    await store.mark_handled(unit.session, unit.agency_id, message_ref, unit.actor, handled=form.handled)
    message = await store.message_of(unit.session, unit.agency_id, message_ref)
    if message is None:
        raise Absent
    return MessageResponse.of(replace(message, fact_ref=openable.fact_ref))


async def as_offered(message_ref: UUID, unit: MayWriteCases) -> None:
    """Say no more than that the message is still this person's to open."""
    if not await disclosure.purposes_now(unit, [message_ref]):
        await disclosure.record_not_found(unit, message_ref, name="message_ref")
        raise Withheld


@routes.get("/messages/{message_ref}/purposes")
async def read_purposes(message_ref: UUID, unit: MayReadInbox) -> PurposesResponse:
    """Tell for which of its purposes the agency could open a message now; no field is released, no look is left.

    Its routing comes with it.  For none, or a message that never was: absent.
    """
    openable = (await disclosure.purposes_now(unit, [message_ref])).get(message_ref)
    message = await store.message_of(unit.session, unit.agency_id, message_ref)
    if openable is None or message is None:
        raise Absent
    return PurposesResponse.of_openable(message, openable)


@routes.post("/messages/{message_ref}/offering", status_code=204)
@replayed_by(as_offered)
async def offer_message(message_ref: UUID, form: OfferingRequest, unit: MayWriteCases) -> None:
    """Offer a fact of your own record again, to whom the survivor allows it by now; nothing is typed twice."""
    (sealed,), _ = await store.sealed_messages(unit.session, unit.agency_id, [message_ref])
    if not await disclosure.offer_own_copy(unit, sealed, form.to):
        raise Withheld


@routes.post("/openings", response_model_exclude_none=True)
@never_replayed
async def open_messages(form: OpeningsRequest, unit: MayOpen, request: Request) -> OpeningsResponse:
    """Open several messages at once, each by its own decision and with its own look on record."""
    opened = await _opened(unit, form.message_refs, form.purpose)
    answers = [OpeningResponse.of_opening(opening, None) for opening in opened]
    return OpeningsResponse(opened=answers, promise=_promised(request, opened))


async def _opened(unit: UnitOfWork, message_refs: Sequence[UUID], purpose: Purpose) -> list[disclosure.Opening]:
    sealed, unread = await store.sealed_messages(unit.session, unit.agency_id, message_refs)
    await inbox.mark_opened(unit, unread, purpose)
    return await disclosure.open(unit, sealed, purpose)


def _promised(request: Request, opened: Sequence[disclosure.Opening]) -> str | None:
    """Return the note by which this process promises that these looks will be in the tree; None without a key."""
    skey: str | None = getattr(request.app.state, PROMISE_KEY, None)
    if skey is None or not opened:
        return None
    return promise([opening.leaf for opening in opened], max(opening.at for opening in opened), skey)


async def _page(
    unit: UnitOfWork,
    request: Request,
    answer: Response,
    cursor: str | None,
    limit: int,
    case_ref: UUID | None = None,
    queue: MailQueue | None = None,
) -> PageResponse:
    """Return a page of what is visible; behind a cursor that nobody was given, there is nothing."""
    name = MAILBOX if queue is None else f"{MAILBOX} {queue}"
    after = await _place(unit, name, cursor)
    if after is None:
        return PageResponse(messages=[], cursor=None)  # whoever goes on from here begins at the front
    page = await inbox.page(unit, after, limit, case_ref, queue)
    behind = page.last or (page.rows[-1] if page.rows else None)
    following = cursor if behind is None else await sealed(unit, name, behind.place)
    link_next(request, answer, None if page.last is None else following)
    return PageResponse(messages=[MessageResponse.of(row) for row in page.rows], cursor=following)


async def _place(unit: UnitOfWork, name: str, cursor: str | None) -> int | None:
    """Return the place to go on from, or None where the cursor is of no place: spelled like ours, and not ours."""
    if cursor is None:
        return 0
    place = await unsealed(unit, name, cursor)
    if place is not None:
        return int(place[0])
    named = position_of(cursor, str)
    try:
        UUID(str(named and named[0]))
    except ValueError:
        raise Invalid([FieldError("query.cursor", "malformed")]) from None
    return None
