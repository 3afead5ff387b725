"""How referrals stand: one, and those that the asker may see, page by page or by the code that somebody said."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.http import Absent, Cursor, FieldError, Invalid, Limit, never_replayed, require_scope, router
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from schemas.codes import Priority, ReferralState
from schemas.values import AgencyRef
from services.referrals import spoken_codes, store
from services.referrals.api import lists
from services.referrals.api.lookup import STATUS, look_at_own, look_at_sent, to_receiver, to_sender
from services.referrals.api.refusals import REFUSALS
from services.referrals.domain import Referral
from services.referrals.filters import Assigned, Direction, PagePosition, ReferralFilter, SortOrder
from services.referrals.requests import ReferralSearchRequest
from services.referrals.responses import ReferralResponse, ReferralsResponse

MOST_FOUND = 50

MayRead = Annotated[UnitOfWork, Depends(require_scope("referrals:read"))]
States = Annotated[tuple[ReferralState, ...], Query(max_length=len(ReferralState))]
Refs = Annotated[tuple[UUID, ...], Query(max_length=MOST_FOUND)]
Priorities = Annotated[tuple[Priority, ...], Query(max_length=len(Priority))]


def _filters(
    direction: Direction = Direction.SENT,
    state: States = (),
    overdue: bool | None = None,
    closed: bool | None = None,
    priority: Priorities = (),
    agency: AgencyRef | None = None,
    case_ref: UUID | None = None,
    referral_ref: Refs = (),
    assigned: Assigned | None = None,
    order: SortOrder = SortOrder.SENT,
) -> ReferralFilter:
    if assigned is not None and direction is not Direction.RECEIVED:
        raise Invalid([FieldError("query.assigned", "only_received")])
    if referral_ref and direction is Direction.COORDINATED:
        raise Invalid([FieldError("query.referral_ref", "only_own")])
    return ReferralFilter(
        direction,
        state,
        overdue,
        closed,
        priority,
        agency,
        case_ref,
        refs=referral_ref,
        assigned=assigned,
        order=order,
    )


Filters = Annotated[ReferralFilter, Depends(_filters)]

routes = router("/v1/referrals", tags=["referrals"], refusals=REFUSALS)


@routes.get("", response_model=ReferralsResponse, response_model_exclude_none=True)
async def list_referrals(
    request: Request,
    unit: MayRead,
    response: Response,
    filters: Filters,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReferralsResponse:
    """List the referrals of one direction that this person may see now: oldest, closest deadline or last change first.

    `state` and `priority` may be named several times; `agency` is the other one, `case_ref` the asker's own name of a
    case; own ones can be named by their `referral_ref`, up to 50.  Received ones can be those that are `assigned` to
    whoever asks, or to nobody who works there now.  What a list filters or sorts by must be open to the asker, else the
    row is not in it.  Each case shown is on record once a day.  A page may be short or empty and still have a next one.
    """
    filters = replace(filters, asker=unit.person_ref)
    behind = None if cursor is None else await _place_of(unit, filters, cursor)
    page = await lists.page(unit, filters, behind, limit)
    responses = await lists.show(unit, filters, page.rows)
    link_next(request, response, None if page.last is None else await _cursor_of(unit, filters, page.last))
    return ReferralsResponse(referrals=responses)


@routes.get("/count", response_model=CountResponse)
async def count_referrals(unit: MayRead, filters: Filters) -> CountResponse:
    """Count the referrals that the list of the same query would show now, up to 1,000; no row leaves."""
    filters = replace(filters, asker=unit.person_ref)
    rows = await store.referrals_counted(unit.session, unit.agency_id, filters, MOST_ROWS)
    party = filters.direction is not Direction.COORDINATED
    purposes, fields = partial(lists.purpose_of, filters), lists.needed(filters)
    count = await list_reads.count_open(unit, rows, purposes, STATUS, fields, party=party)
    await list_reads.record_count(unit, lists.name(filters))
    return CountResponse.of(count, whole=len(rows) < MOST_ROWS)


@routes.post("/search", response_model=ReferralsResponse, response_model_exclude_none=True)
@never_replayed
async def search_referrals(form: ReferralSearchRequest, unit: MayRead) -> ReferralsResponse:
    """Find referrals by the code that somebody said: all of it or its two words, in any spelling, up to 50 each way.

    Those only that this person may see now, and whose code is open to them.  The code stands in the body, as addresses
    are kept in logs and histories.
    """
    code = spoken_codes.parse(form.spoken_code)
    if code is None:
        raise Invalid([FieldError("body.spoken_code", "no_spoken_code")])
    directions = [ReferralFilter(direction, spoken_code=code) for direction in Direction]
    pages = [await lists.page(unit, filters, None, MOST_FOUND) for filters in directions]
    # All subjects at once, in one order: two that lock direction by direction would wait for each other.
    await register.lock_cases(unit.session, {row.case_ref for page in pages for row in page.rows})
    directions_shown = [
        await lists.show(unit, filters, page.rows) for filters, page in zip(directions, pages, strict=True)
    ]
    return ReferralsResponse(referrals=[response for responses in directions_shown for response in responses])


@routes.get("/{referral_ref}", response_model=ReferralResponse, response_model_exclude_none=True)
async def read_referral(referral_ref: UUID, unit: MayRead, response: Response) -> ReferralResponse:
    """Tell how a referral stands: to its sender, and to its receiver as far as the release of now goes."""
    sent = await store.referral_sent_by(unit.session, unit.agency_id, referral_ref)
    if sent is not None:
        await look_at_own(unit, sent.case_ref)
        return to_sender(sent, response)
    received = await store.referral_sent_to(unit.session, unit.agency_id, referral_ref)
    if received is None:
        raise Absent
    mask = await look_at_sent(unit, received)
    return await to_receiver(unit, received, mask, response)


def _cursor_name(filters: ReferralFilter) -> str:
    """Return the name of a list in its cursors: one of another order goes on nowhere."""
    return f"{lists.name(filters)} by {filters.order}"


async def _cursor_of(unit: UnitOfWork, filters: ReferralFilter, last: Referral) -> str:
    place = filters.place_of(last)
    return await sealed(unit, _cursor_name(filters), place.at.isoformat(), str(place.referral_ref))


async def _place_of(unit: UnitOfWork, filters: ReferralFilter, cursor: str) -> PagePosition:
    return PagePosition(*await unsealed_place(unit, _cursor_name(filters), cursor))
