"""How referrals stand: one, and those that the asker may see, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from kernel.pairwise import pairwise
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.disclosure.state_reads import ReadRequest
from runtime.http import Absent, Cursor, Limit, require_scope, router
from runtime.http.pagination import CountResponse, link_next
from runtime.http.sealed_cursors import sealed, unsealed_place
from runtime.register import Subject
from schemas.codes import Purpose, ReferralState
from schemas.taxonomy import bit
from services.referrals import store
from services.referrals.api.lookup import STATUS, look_at_own, look_at_sent, to_receiver, to_sender
from services.referrals.api.refusals import REFUSALS
from services.referrals.domain import Referral
from services.referrals.responses import ReferralResponse, ReferralsResponse, answer_for
from services.referrals.store import Direction, PagePosition, ReferralFilter

MayRead = Annotated[UnitOfWork, Depends(require_scope("referrals:read"))]


def _filters(
    direction: Direction = Direction.SENT, state: ReferralState | None = None, overdue: bool | None = None
) -> ReferralFilter:
    return ReferralFilter(direction, state, overdue)


routes = router("/v1/referrals", tags=["referrals"], refusals=REFUSALS)


@routes.get("", response_model=ReferralsResponse, response_model_exclude_none=True)
async def list_referrals(
    request: Request,
    unit: MayRead,
    response: Response,
    filters: Annotated[ReferralFilter, Depends(_filters)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReferralsResponse:
    """List the referrals of one direction that this person may see now, oldest first.

    Each case shown is on record once a day.  A page may be short or empty and still have a next one.
    """
    behind = None if cursor is None else await _place_of(unit, filters, cursor)
    page = await list_reads.page(partial(_fetch, unit, filters, behind), partial(_visible, unit, filters), limit)
    responses = await _show(unit, filters, page.rows)
    link_next(request, response, None if page.last is None else await _cursor_of(unit, filters, page.last))
    return ReferralsResponse(referrals=responses)


@routes.get("/count", response_model=CountResponse)
async def count_referrals(unit: MayRead, filters: Annotated[ReferralFilter, Depends(_filters)]) -> CountResponse:
    """Count the referrals that the list of the same query would show now, up to 1,000; no row leaves."""
    rows = await store.referrals_counted(unit.session, unit.agency_id, filters, MOST_ROWS)
    party = filters.direction is not Direction.COORDINATED
    count = await list_reads.count_open(unit, rows, partial(_purpose, filters), STATUS, _needed(filters), party=party)
    await list_reads.record_count(unit, _name(filters))
    return CountResponse.of(count, whole=len(rows) < MOST_ROWS)


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


async def _fetch(
    unit: UnitOfWork, filters: ReferralFilter, begin: PagePosition | None, last: Referral | None, rows: int
) -> list[Referral]:
    behind = begin if last is None else PagePosition(last.created_at, last.referral_ref)
    return await store.referrals_of(unit.session, unit.agency_id, filters, behind, rows)


async def _visible(unit: UnitOfWork, filters: ReferralFilter, rows: Sequence[Referral]) -> list[Referral]:
    """Return the rows that the asker may see; a field that the list filters by must be open to the asker."""
    masks = await list_reads.read_masks(unit, [_read_request(row, filters) for row in rows], STATUS)
    return [row for row in rows if _opens(masks[_read_request(row, filters)], filters)]


async def _show(unit: UnitOfWork, filters: ReferralFilter, rows: Sequence[Referral]) -> list[ReferralResponse]:
    """Return the rows as far as present consent opens them, their subjects locked and the looks on record."""
    masks = await list_reads.record_rows(unit, [_read_request(row, filters) for row in rows], STATUS, _name(filters))
    subjects = await register.lock_cases(unit.session, {row.case_ref for row in rows})
    opened = [(row, masks[_read_request(row, filters)]) for row in rows]
    return [await _as_known(unit, subjects[row.case_ref], row, mask) for row, mask in opened if _opens(mask, filters)]


async def _as_known(unit: UnitOfWork, subject: Subject, row: Referral, mask: int) -> ReferralResponse:
    """Return the referral by the references under which the asker alone knows it."""
    case_ref = subject.cases[unit.agency_id].case_ref
    if row.sending_agency == unit.agency_id:
        return answer_for(row, row.referral_ref, case_ref, mask)
    if row.receiving_agency == unit.agency_id and row.receiver_ref is not None:
        return answer_for(row, row.receiver_ref, case_ref, mask)
    key = await register.case_key(unit.session, unit.keys, subject, row.sending_agency)
    return answer_for(row, pairwise(key, unit.agency_id, row.referral_ref), case_ref, mask)


def _read_request(row: Referral, filters: ReferralFilter) -> ReadRequest:
    party = filters.direction is not Direction.COORDINATED
    return ReadRequest(row.case_ref, _purpose(filters, row.purpose), party)


def _purpose(filters: ReferralFilter, purpose: str | None) -> Purpose | None:
    """Return the purpose a referral is listed for: coordination, its own if it was received, None if it was sent."""
    if filters.direction is Direction.COORDINATED:
        return Purpose.COORDINATION
    return Purpose(purpose) if purpose is not None and filters.direction is Direction.RECEIVED else None


def _opens(mask: int, filters: ReferralFilter) -> bool:
    needed = _needed(filters)
    return mask != 0 and mask & needed == needed


def _needed(filters: ReferralFilter) -> int:
    """Return the fields that the list filters by."""
    named = ["status"] * (filters.state is not None) + ["overdue_since"] * (filters.overdue is not None)
    return sum(bit(f"referral_status.{name}") for name in named)


def _name(filters: ReferralFilter) -> str:
    return f"referrals {filters.direction}"


async def _cursor_of(unit: UnitOfWork, filters: ReferralFilter, last: Referral) -> str:
    return await sealed(unit, _name(filters), last.created_at.isoformat(), str(last.referral_ref))


async def _place_of(unit: UnitOfWork, filters: ReferralFilter, cursor: str) -> PagePosition:
    return PagePosition(*await unsealed_place(unit, _name(filters), cursor))
