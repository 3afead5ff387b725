"""What follows from a referral's end: releases that were to end with it, ended in the same transaction."""

from __future__ import annotations

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from schemas.codes import EndsWhen, ReferralMode
from services.referrals import store
from services.referrals.domain import FINAL, Referral


async def keep(unit: UnitOfWork, referral: Referral) -> None:
    """Keep the referral as it now is; with the last open one between its two agencies ends what was to end with it.

    Whoever brings one to its end holds the subject exclusive before reading it.
    """
    await store.keep(unit.session, referral)
    if referral.state not in FINAL or referral.mode is not ReferralMode.LIVE:
        return
    if not await store.is_open_between(unit.session, referral):
        await disclosure.end_with(
            unit, referral.case_ref, EndsWhen.REFERRAL_CLOSED, referral.sending_agency, referral.receiving_agency
        )
