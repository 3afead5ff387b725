"""What time brings to referrals: an answer that did not come, and a release that ended."""

from __future__ import annotations

from runtime import disclosure, register
from runtime.http.wiring import Wiring
from runtime.rounds import MOST_AT_ONCE, going_round, noting_failure, until_done
from runtime.unit import Unit
from services.referrals import domain, store
from services.referrals.release import release_for

ACTOR = "system:referrals"
EVERY_SECONDS = 2.0


async def remind(unit: Unit) -> int:
    """Note each referral of the agency that nobody answered in time, once, and make it known; return how many."""
    due = await store.overdue_referrals(unit.session, unit.agency_id, MOST_AT_ONCE)
    now = await register.instant(unit.session)
    noted = [domain.mark_overdue(referral, now) for referral in due]
    for late, _ in noted:
        await store.keep(unit.session, late)
    await disclosure.offer_many(unit, [fact for _, fact in noted])
    return len(noted)


async def review(unit: Unit) -> int:
    """Withdraw each open referral that its receiver may no longer see; return how many were looked at."""
    referrals = await store.unreviewed_referrals(unit.session, unit.agency_id, MOST_AT_ONCE)
    held = await register.hold_all(unit.session, {referral.case_ref for referral in referrals})
    ended = []
    for referral in referrals:
        subject = held[referral.case_ref]
        release = release_for(subject, unit.agency_id, referral.receiving_agency, referral.purpose)
        if release.mask:
            await store.note_review(unit.session, referral, release)
            continue
        withdrawn, fact = domain.end_with_its_release(referral, subject.at)
        await store.keep(unit.session, withdrawn)
        ended.append(fact)
    await disclosure.offer_many(unit, ended)
    return len(referrals)


async def tick(wiring: Wiring) -> None:
    """Do what is due now, agency by agency, each within its own wall and transaction."""
    async with wiring.sessions() as session:
        due = [(agency_id, review) for agency_id in await store.agencies_to_review(session)]
        due += [(agency_id, remind) for agency_id in await store.agencies_to_remind(session)]
    for agency_id, work in due:
        with noting_failure():
            await until_done(wiring, agency_id, ACTOR, work)


ticking = going_round(tick, every=EVERY_SECONDS)
