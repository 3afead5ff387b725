"""The end of a referral: releases that end with the referral are ended in the same transaction."""

from __future__ import annotations

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from schemas.codes import EndsWhen, ReferralMode
from services.referrals import deadlines, store
from services.referrals.domain import FINAL, Referral


async def keep(unit: UnitOfWork, referral: Referral) -> None:
    """Store the referral; with the last open referral between two agencies end the releases bound to it.

    A caller that closes a referral locks the subject exclusively before reading the referral.
    """
    await store.keep(unit.session, referral)
    await deadlines.close_answered(unit, referral)
    if referral.state not in FINAL or referral.mode is not ReferralMode.LIVE:
        return
    if not await store.is_open_between(unit.session, referral):
        await disclosure.end_with(
            unit, referral.case_ref, EndsWhen.REFERRAL_CLOSED, referral.sending_agency, referral.receiving_agency
        )
