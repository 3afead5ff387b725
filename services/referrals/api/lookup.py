"""Finding a referral for whoever asks: absent, and not for you, are one answer."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, Withheld, etag
from runtime.register import Subject
from schemas.categories import DataCategory
from schemas.taxonomy import ALL, bit
from services.referrals import assignments
from services.referrals.domain import Referral
from services.referrals.release import release_for
from services.referrals.responses import ReferralResponse, answer_for


class Find(Protocol):
    """A query for one referral that its agency may change."""

    async def __call__(
        self, session: AsyncSession, agency: str, referral_ref: UUID, *, to_change: bool = False
    ) -> Referral | None:
        """Return the referral, or None where it is not the agency's."""


STATUS = (DataCategory.REFERRAL_STATUS,)


async def own_case(unit: UnitOfWork, case_ref: UUID) -> Subject:
    """Return the subject of the agency's own case, locked; any other case is absent."""
    subject = await register.lock_own_case(unit.session, unit.agency_id, case_ref)
    if subject is None:
        raise Absent
    await look_at_own(unit, case_ref)
    return subject


async def lock_referral(unit: UnitOfWork, find: Find, referral_ref: UUID, *, closes: bool = False) -> Referral:
    """Lock and return the referral, its subject locked first: exclusively where the step may end a release with it.

    Every transaction locks the subject before the row: two that locked in opposite order would deadlock.
    """
    unlocked = await find(unit.session, unit.agency_id, referral_ref)
    if unlocked is None:
        raise Absent
    await (register.lock_exclusive if closes else register.lock_shared)(unit.session, unlocked.case_ref)
    referral = await find(unit.session, unit.agency_id, referral_ref, to_change=True)
    if referral is None:
        raise Absent
    return referral


async def look_at_own(unit: UnitOfWork, case_ref: UUID) -> None:
    """Refuse a person from whom the survivor keeps everything, at the sender's own agency too."""
    if not await disclosure.read_mask(unit, case_ref, STATUS):
        raise Withheld


async def look_at_sent(unit: UnitOfWork, referral: Referral) -> int:
    """Return the mask that the present release opens to the receiver; a referral with an empty mask is absent."""
    mask = await disclosure.read_mask(unit, referral.case_ref, STATUS, referral.purpose)
    if not mask:
        raise Withheld
    return mask


def knows_the_state(mask: int) -> bool:
    """Tell whether `mask` opens in which state a referral is, and so which version of it this is."""
    return bool(mask & bit("referral_status.status"))


def to_sender(referral: Referral, response: Response) -> ReferralResponse:
    """Return the referral as its sender knows it."""
    response.headers["ETag"] = etag(referral.version)
    return answer_for(referral, referral.referral_ref, referral.case_ref, ALL)


async def to_receiver(unit: UnitOfWork, referral: Referral, mask: int, response: Response) -> ReferralResponse:
    """Return what `mask` opens of the referral, by the receiver's own references; less what has ended meanwhile."""
    subject = await register.lock_shared(unit.session, referral.case_ref)
    if subject is None or referral.receiver_ref is None:
        raise Absent
    mask &= release_for(subject, referral.sending_agency, unit.agency_id, referral.purpose).mask
    if knows_the_state(mask):
        response.headers["ETag"] = etag(referral.version)
    person = await assignments.person_answering(unit.session, unit.agency_id, referral.receiver_ref)
    return answer_for(referral, referral.receiver_ref, subject.cases[unit.agency_id].case_ref, mask, person)
