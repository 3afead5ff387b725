"""What time brings to referrals: an answer that did not come, and a release that ended."""

from __future__ import annotations

from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http.app_state import AppState
from runtime.scheduler import BATCH_SIZE, drain, log_and_continue, run_every
from services.referrals import deadlines, domain, endings, store
from services.referrals.release import standing

ACTOR = "system:referrals"
EVERY_SECONDS = 2.0


async def flag_overdue(unit: UnitOfWork) -> int:
    """Note each referral of the agency that nobody answered in time, once, and make it known; return how many."""
    due = await store.overdue_referrals(unit.session, unit.agency_id, BATCH_SIZE)
    await register.lock_cases(unit.session, {referral.case_ref for referral in due})  # before their rows
    refs = [referral.referral_ref for referral in due]
    due = await store.overdue_referrals(unit.session, unit.agency_id, BATCH_SIZE, refs)
    now = await register.database_now(unit.session)
    noted = [domain.mark_overdue(referral, now) for referral in due]
    for late, _ in noted:
        await store.keep(unit.session, late)
        await deadlines.open_tasks(unit, late)
    await disclosure.offer_many(unit, [fact for _, fact in noted])
    return len(noted)


async def end_released(unit: UnitOfWork) -> int:
    """Note of open referrals that their release still stands; return the number noted."""
    referrals = await store.unreviewed_referrals(unit.session, unit.agency_id, BATCH_SIZE)
    subjects = await register.lock_cases(unit.session, {referral.case_ref for referral in referrals})
    stand = 0
    for referral in referrals:
        decision = await standing(unit.session, subjects[referral.case_ref], referral)
        if decision.mask:
            await store.note_review(unit.session, referral, decision)
            stand += 1
    return stand


async def end_one(unit: UnitOfWork) -> int:
    """Withdraw an open referral that its receiver may no longer see; return the number reviewed.

    One referral a transaction: all that ends with it ends under the exclusive lock of its survivor.
    """
    candidates = await store.unreviewed_referrals(unit.session, unit.agency_id, 1)
    for candidate in candidates:
        # ADR 0034: subject first and rows second, as two that lock in different orders would wait for each other.
        subject = await register.lock_exclusive(unit.session, candidate.case_ref)
        referral = await store.referral_sent_by(unit.session, unit.agency_id, candidate.referral_ref, to_change=True)
        if subject is None or referral is None or referral.state not in domain.OPEN:
            continue
        decision = await standing(unit.session, subject, referral)
        if decision.mask:
            await store.note_review(unit.session, referral, decision)
            continue
        withdrawn, fact = domain.end_with_its_release(referral, subject.at)
        await endings.keep(unit, withdrawn)
        await disclosure.offer(unit, fact)
    return len(candidates)


async def run_jobs(app_state: AppState) -> None:
    """Do what is due now, agency by agency, each within its own wall and transaction."""
    async with app_state.sessions() as session:
        due = [(agency_id, end_released, BATCH_SIZE) for agency_id in await store.agencies_to_review(session)]
        due += [(agency_id, end_one, 1) for agency_id, _, _ in due]
        due += [(agency_id, flag_overdue, BATCH_SIZE) for agency_id in await store.agencies_to_remind(session)]
    for agency_id, work, at_once in due:
        with log_and_continue():
            await drain(app_state, agency_id, ACTOR, work, at_once)


scheduled_jobs = run_every(run_jobs, every=EVERY_SECONDS)
