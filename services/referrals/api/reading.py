"""How referrals stand: one, and those that the asker may see, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from kernel.pseudonym import pairwise
from runtime import disclosure, register
from runtime.disclosure.looking import Asked
from runtime.http import Absent, Cursor, FieldError, Invalid, Limit, may, router
from runtime.http.paging import cursor_of, link_next, position_of
from runtime.register import Subject
from runtime.unit import Unit
from schemas.codes import Purpose, ReferralState
from schemas.taxonomy import bit
from services.referrals import store
from services.referrals.answers import ReferralAnswer, ReferralsAnswer, answer_for
from services.referrals.api.finding import STATUS, look_at_own, look_at_sent, to_receiver, to_sender
from services.referrals.domain import Referral
from services.referrals.store import Direction, Place, Wanted

MayRead = Annotated[Unit, Depends(may("referrals:read"))]

THE_BEGINNING = Place(datetime(1970, 1, 1, tzinfo=UTC))
MOST_AT_ONE_INSTANT = 10_000


def _wanted(
    direction: Direction = Direction.SENT, state: ReferralState | None = None, overdue: bool | None = None
) -> Wanted:
    return Wanted(direction, state, overdue)


routes = router("/v1/referrals", tags=["referrals"])


@routes.get("", response_model=ReferralsAnswer, response_model_exclude_none=True)
async def list_referrals(
    request: Request,
    unit: MayRead,
    response: Response,
    wanted: Annotated[Wanted, Depends(_wanted)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReferralsAnswer:
    """List the referrals of one direction that this person may see now, oldest first; each is a look on record."""
    shown, more = await _page(unit, wanted, _place_of(cursor), limit)
    link_next(request, response, None if more is None else cursor_of(more.since.isoformat(), more.skipped))
    return ReferralsAnswer(referrals=shown)


@routes.get("/{referral_ref}", response_model=ReferralAnswer, response_model_exclude_none=True)
async def read_referral(referral_ref: UUID, unit: MayRead, response: Response) -> ReferralAnswer:
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


async def _page(unit: Unit, wanted: Wanted, place: Place, limit: int) -> tuple[list[ReferralAnswer], Place | None]:
    """Return a page of what is visible and where the next one begins, if anything visible is left."""
    shown: list[ReferralAnswer] = []
    behind = place
    while True:
        rows = await store.referrals_of(unit.session, unit.agency_id, wanted, place, limit + 1)
        for number, seen in enumerate(await _seen(unit, wanted, rows), start=1):
            if seen is None:
                continue
            if len(shown) == limit:
                return shown, behind
            shown.append(seen)
            behind = place.behind(rows[:number])
        if len(rows) <= limit:
            return shown, None
        place = place.behind(rows)


async def _seen(unit: Unit, wanted: Wanted, rows: Sequence[Referral]) -> list[ReferralAnswer | None]:
    """Return each referral as the asker may see it, or None; what one filters by, one must be allowed to know."""
    held = await register.hold_all(unit.session, {row.case_ref for row in rows})  # all locks at once, in one order
    masks = await _masks(unit, wanted.direction, rows)
    named = sum(bit(f"referral_status.{name}") for name in _named_by(wanted))
    seen: list[ReferralAnswer | None] = []
    for row in rows:
        mask = masks[row.case_ref, _purpose(row, wanted.direction)]
        open_to_asker = mask and mask & named == named
        seen.append(await _as_known(unit, held[row.case_ref], row, mask) if open_to_asker else None)
    return seen


async def _masks(unit: Unit, direction: Direction, rows: Iterable[Referral]) -> dict[tuple[UUID, Purpose | None], int]:
    asked: dict[Purpose | None, set[Asked]] = {}
    for row in rows:
        purpose = _purpose(row, direction)
        asked.setdefault(purpose, set()).add(Asked(row.case_ref, purpose, direction is not Direction.FOLLOWED))
    masks = {}
    for purpose, looks in asked.items():
        for case_ref, mask in (await disclosure.consulted(unit, looks, STATUS)).items():
            masks[case_ref, purpose] = mask
    return masks


async def _as_known(unit: Unit, subject: Subject, row: Referral, mask: int) -> ReferralAnswer:
    """Return the referral by the references under which the asker alone knows it."""
    case_ref = subject.cases[unit.agency_id].case_ref
    if row.sending_agency == unit.agency_id:
        return answer_for(row, row.referral_ref, case_ref, mask)
    if row.receiving_agency == unit.agency_id and row.receiver_ref is not None:
        return answer_for(row, row.receiver_ref, case_ref, mask)
    key = await register.case_key(unit.session, unit.keys, subject, row.sending_agency)
    return answer_for(row, pairwise(key, unit.agency_id, row.referral_ref), case_ref, mask)


def _purpose(row: Referral, direction: Direction) -> Purpose | None:
    """Return for what the asker looks: its own work, what it was sent the referral for, or to coordinate."""
    if direction is Direction.FOLLOWED:
        return Purpose.COORDINATION
    return row.purpose if direction is Direction.RECEIVED else None


def _named_by(wanted: Wanted) -> list[str]:
    return ["status"] * (wanted.state is not None) + ["overdue_since"] * (wanted.overdue is not None)


def _place_of(cursor: str | None) -> Place:
    position = position_of(cursor, str, int)
    if position is None:
        return THE_BEGINNING
    try:
        since = datetime.fromisoformat(position[0])
    except ValueError:
        raise Invalid([FieldError("query.cursor", "malformed")]) from None
    if since.tzinfo is None or not 0 <= position[1] <= MOST_AT_ONE_INSTANT:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return Place(since, position[1])
