"""The conflict check of legal aid: its own system compares one name with its list, and no person sees anything."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Withheld, never_replayed, require_scope, router
from schemas.categories import DataCategory
from schemas.codes import ConflictCheck, Purpose, StartsWhen
from services.referrals import domain, endings, store
from services.referrals.api.refusals import REFUSALS
from services.referrals.domain import Referral
from services.referrals.requests import ConflictCheckRequest
from services.referrals.responses import ConflictCheckResponse

OFFENDER = (DataCategory.ALLEGED_OFFENDER,)
MayCheck = Annotated[UnitOfWork, Depends(require_scope("referrals:answer"))]

routes = router("/v1/referrals", tags=["referrals"], refusals=REFUSALS)


@routes.post("/conflict-checks", response_model=ConflictCheckResponse)
@never_replayed
async def record_conflict_check(form: ConflictCheckRequest, unit: MayCheck) -> ConflictCheckResponse:
    """Record what a conflict check found: clear starts the release that waits for it, a match declines the referral.

    By the agency's own case, since nothing else of a referral is open to the system that checks. A person finds nothing
    here: the purpose is for a system alone. The same result once more changes nothing.
    """
    for referral in await _checkable(unit, form):
        if referral.conflict_check is not ConflictCheck.PENDING:
            continue
        moved, facts = domain.check_conflict(referral, form.conflict_check, await register.database_now(unit.session))
        if form.conflict_check is ConflictCheck.MATCH:
            await disclosure.never_start(unit, referral.case_ref, referral.sending_agency, unit.agency_id)
        else:
            sender, condition = referral.sending_agency, StartsWhen.CONFLICT_CLEAR
            await disclosure.start_with(unit, referral.case_ref, condition, sender, unit.agency_id)
        await endings.keep(unit, moved)
        for fact in facts:
            await disclosure.record(unit, fact)  # to the sender alone
    return ConflictCheckResponse(case_ref=form.case_ref, conflict_check=form.conflict_check)


async def _checkable(unit: UnitOfWork, form: ConflictCheckRequest) -> list[Referral]:
    """Return, for change, the referrals of the case that wait for this check or have this result.

    Those only whose alleged offender is open now to the system that asks; where there is none, all of it is absent.
    """
    results = (ConflictCheck.PENDING, form.conflict_check)
    if not await store.conflict_checks(unit.session, unit.agency_id, form.case_ref, results):
        await disclosure.record_not_found(unit, form.case_ref, name="case_ref")
        raise Withheld
    # ADR 0034: subject first and rows second, as two that lock in different orders would wait for each other.
    await register.lock_exclusive(unit.session, form.case_ref)
    referrals = await store.conflict_checks(unit.session, unit.agency_id, form.case_ref, results, to_change=True)
    looks = [
        await disclosure.read_mask(unit, referral.case_ref, OFFENDER, Purpose.CONFLICT_CHECK) for referral in referrals
    ]
    if not any(looks):
        raise Withheld
    return [referral for referral, mask in zip(referrals, looks, strict=True) if mask]
