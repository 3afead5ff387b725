"""Rows of a list of referrals: those that the asker may see, each by the references under which the asker knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from kernel.pairwise import pairwise
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import list_reads
from runtime.disclosure.list_reads import Page
from runtime.disclosure.state_reads import ReadRequest
from runtime.register import Subject
from schemas.codes import Purpose
from schemas.taxonomy import mask_of
from services.referrals import assignments, store
from services.referrals.api.lookup import STATUS
from services.referrals.domain import Referral
from services.referrals.filters import Direction, PagePosition, ReferralFilter, SortOrder
from services.referrals.responses import ReferralResponse, answer_for

OTHERS = {
    Direction.SENT: ("to_agency_ref",),
    Direction.RECEIVED: ("from_agency_ref",),
    Direction.COORDINATED: ("from_agency_ref", "to_agency_ref"),
}


async def page(unit: UnitOfWork, filters: ReferralFilter, behind: PagePosition | None, limit: int) -> Page[Referral]:
    """Return up to `limit` rows behind a place that the asker may see, and that behind which the next page begins."""
    return await list_reads.page(partial(_fetch, unit, filters, behind), partial(_visible, unit, filters), limit)


async def show(unit: UnitOfWork, filters: ReferralFilter, rows: Sequence[Referral]) -> list[ReferralResponse]:
    """Return the rows as far as present consent opens them, their subjects locked and the looks on record."""
    masks = await list_reads.record_rows(unit, [_read_request(row, filters) for row in rows], STATUS, name(filters))
    subjects = await register.lock_cases(unit.session, {row.case_ref for row in rows})
    opened = [(row, masks[_read_request(row, filters)]) for row in rows]
    received = [row.receiver_ref for row in rows if row.receiver_ref and row.receiving_agency == unit.agency_id]
    people = await assignments.people_answering(unit.session, unit.agency_id, received)
    return [
        await _as_known(unit, subjects[row.case_ref], row, mask, people)
        for row, mask in opened
        if _opens(mask, filters)
    ]


def name(filters: ReferralFilter) -> str:
    """Return the name under which a look at such a list is on record."""
    return f"referrals {filters.direction}"


def purpose_of(filters: ReferralFilter, purpose: str | None) -> Purpose | None:
    """Return the purpose a referral is listed for: coordination, its own if it was received, None if it was sent."""
    if filters.direction is Direction.COORDINATED:
        return Purpose.COORDINATION
    return Purpose(purpose) if purpose is not None and filters.direction is Direction.RECEIVED else None


def needed(filters: ReferralFilter) -> int:
    """Return the fields that the list filters or sorts by: who may not know them all of a row, does not find it."""
    named = ["status"] * bool(filters.states or filters.closed is not None or filters.order is SortOrder.CHANGED)
    named += ["overdue_since"] * (filters.overdue is not None)
    named += ["priority"] * bool(filters.priorities)
    named += OTHERS[filters.direction] if filters.agency is not None else ()
    named += ["answer_by", "status"] * (filters.order is SortOrder.DEADLINE)
    named += ["spoken_code"] * (filters.spoken_code is not None)
    return mask_of(f"referral_status.{field}" for field in named)


async def _fetch(
    unit: UnitOfWork, filters: ReferralFilter, begin: PagePosition | None, last: Referral | None, rows: int
) -> list[Referral]:
    behind = begin if last is None else filters.place_of(last)
    return await store.referrals_of(unit.session, unit.agency_id, filters, behind, rows)


async def _visible(unit: UnitOfWork, filters: ReferralFilter, rows: Sequence[Referral]) -> list[Referral]:
    """Return the rows that the asker may see; a field that the list filters by must be open to the asker."""
    masks = await list_reads.read_masks(unit, [_read_request(row, filters) for row in rows], STATUS)
    return [row for row in rows if _opens(masks[_read_request(row, filters)], filters)]


async def _as_known(
    unit: UnitOfWork, subject: Subject, row: Referral, mask: int, people: Mapping[UUID, str]
) -> ReferralResponse:
    """Return the referral by the references under which the asker alone knows it."""
    case_ref = subject.cases[unit.agency_id].case_ref
    if row.sending_agency == unit.agency_id:
        return answer_for(row, row.referral_ref, case_ref, mask)
    if row.receiving_agency == unit.agency_id and row.receiver_ref is not None:
        return answer_for(row, row.receiver_ref, case_ref, mask, people.get(row.receiver_ref))
    key = await register.case_key(unit.session, unit.keys, subject, row.sending_agency)
    return answer_for(row, pairwise(key, unit.agency_id, row.referral_ref), case_ref, mask)


def _read_request(row: Referral, filters: ReferralFilter) -> ReadRequest:
    party = filters.direction is not Direction.COORDINATED
    return ReadRequest(row.case_ref, purpose_of(filters, row.purpose), party)


def _opens(mask: int, filters: ReferralFilter) -> bool:
    fields = needed(filters)
    return mask != 0 and mask & fields == fields
