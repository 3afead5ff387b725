"""The receiver's routes: its answers, which are written to the sender's record."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Absent, IfMatch, replayed_by, require_match, require_scope, router
from schemas.facts.referral import AcceptanceBlock, CompletionBlock, ContactFailureBlock, DeclineBlock, ReferralFact
from services.referrals import domain, endings, store
from services.referrals.api.lookup import knows_the_state, lock_referral, look_at_sent, to_receiver
from services.referrals.api.refusals import REFUSALS
from services.referrals.domain import Referral
from services.referrals.responses import ReferralResponse

MayAnswer = Annotated[UnitOfWork, Depends(require_scope("referrals:answer"))]

routes = router("/v1/referrals", tags=["referrals"], refusals=REFUSALS)


async def as_it_stands(referral_ref: UUID, unit: MayAnswer, response: Response) -> ReferralResponse:
    """Show the referral that was answered, as far as the release of now goes."""
    referral = await store.referral_sent_to(unit.session, unit.agency_id, referral_ref)
    if referral is None:
        raise Absent
    return await to_receiver(unit, referral, await look_at_sent(unit, referral), response)


@routes.post("/{referral_ref}/acceptance", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def accept_referral(
    referral_ref: UUID, answer: AcceptanceBlock, unit: MayAnswer, response: Response, if_match: IfMatch = None
) -> ReferralResponse:
    """Take a survivor on and name the advocate; agencies the survivor named may see who answered."""
    referral, mask = await _received(unit, referral_ref, if_match)
    accepted, fact = domain.accept(referral, answer, await register.database_now(unit.session))
    return await _answered(unit, accepted, fact, mask, response)


@routes.post("/{referral_ref}/decline", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def decline_referral(
    referral_ref: UUID, answer: DeclineBlock, unit: MayAnswer, response: Response, if_match: IfMatch = None
) -> ReferralResponse:
    """Say that the agency cannot take the survivor on, and why by a code."""
    referral, mask = await _received(unit, referral_ref, if_match, closes=True)
    declined, fact = domain.decline(referral, answer, await register.database_now(unit.session))
    return await _answered(unit, declined, fact, mask, response)


@routes.post("/{referral_ref}/question", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def ask_for_more(
    referral_ref: UUID, unit: MayAnswer, response: Response, if_match: IfMatch = None
) -> ReferralResponse:
    """Say that more is needed before an answer; what, is asked of the survivor through the sender."""
    referral, mask = await _received(unit, referral_ref, if_match)
    waiting, fact = domain.ask_for_more(referral, await register.database_now(unit.session))
    return await _answered(unit, waiting, fact, mask, response)


@routes.post("/{referral_ref}/start", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def begin_referral(
    referral_ref: UUID, unit: MayAnswer, response: Response, if_match: IfMatch = None
) -> ReferralResponse:
    """Say that the agency has begun what it accepted."""
    referral, mask = await _received(unit, referral_ref, if_match)
    begun, fact = domain.begin(referral, await register.database_now(unit.session))
    return await _answered(unit, begun, fact, mask, response)


@routes.post("/{referral_ref}/completion", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def complete_referral(
    referral_ref: UUID, answer: CompletionBlock, unit: MayAnswer, response: Response, if_match: IfMatch = None
) -> ReferralResponse:
    """Say what came of it, as the receiver sees it; the survivor may disagree."""
    referral, mask = await _received(unit, referral_ref, if_match, closes=True)
    completed, fact = domain.complete(referral, answer, await register.database_now(unit.session))
    return await _answered(unit, completed, fact, mask, response)


@routes.post("/{referral_ref}/contact-failure", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def fail_contact(
    referral_ref: UUID, answer: ContactFailureBlock, unit: MayAnswer, response: Response, if_match: IfMatch = None
) -> ReferralResponse:
    """Say that the survivor could not be reached, safe channels only having been tried."""
    referral, mask = await _received(unit, referral_ref, if_match, closes=True)
    failed, fact = domain.fail_contact(referral, answer, await register.database_now(unit.session))
    return await _answered(unit, failed, fact, mask, response)


async def _received(
    unit: UnitOfWork, referral_ref: UUID, if_match: str | None, *, closes: bool = False
) -> tuple[Referral, int]:
    """Return the referral for an answer, and what of it the release of now opens to the receiver."""
    referral = await lock_referral(unit, store.referral_sent_to, referral_ref, closes=closes)
    mask = await look_at_sent(unit, referral)
    if knows_the_state(mask):  # who may not know it was told no version
        require_match(if_match, referral.version)
    return referral, mask


async def _answered(
    unit: UnitOfWork, referral: Referral, fact: ReferralFact, mask: int, response: Response
) -> ReferralResponse:
    await endings.keep(unit, referral)
    await disclosure.offer(unit, fact)
    return await to_receiver(unit, referral, mask, response)
