"""What time brings to consent: a grant that starts later, an end that is near, what is untold or not acknowledged.

Nothing opens or closes by this clock: the decision reads the instants itself.  It only tells.
"""

from __future__ import annotations

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http.app_state import AppState
from runtime.register import Subject
from runtime.scheduler import agency_unit_of_work, commit, log_and_continue, run_every
from services.consent import acknowledgements, change_log, follow_ups, pending_notices
from services.consent.commands import field_requests
from services.consent.domain import Provision, ending_notices, expiry_notices, grant_notices
from services.consent.pending_notices import ConsentNoticeKind, PendingNotice

ACTOR = "system:consent"
EVERY_SECONDS = 20.0


async def run_jobs(app_state: AppState) -> None:
    """Tell what is due, agency by agency, each notice in a transaction of its own."""
    async with app_state.sessions() as session:
        custodians = await pending_notices.custodians(session)
    for agency_id in custodians:
        with log_and_continue():
            await _of_agency(app_state, agency_id)


async def _of_agency(app_state: AppState, agency_id: str) -> None:
    async with agency_unit_of_work(app_state.sessions, app_state.keys, agency_id, ACTOR) as unit:
        if unit is not None and await field_requests.lapse(unit) + await acknowledgements.mark_late(unit):
            await commit(unit)
    async with agency_unit_of_work(app_state.sessions, app_state.keys, agency_id, ACTOR) as unit:
        if unit is None:
            return
        notices = await pending_notices.of_agency(unit.session, agency_id)
    for notice in notices:
        async with agency_unit_of_work(app_state.sessions, app_state.keys, agency_id, ACTOR) as unit:
            if unit is None:
                return
            await _tell(unit, notice)
            await commit(unit)


async def _tell(unit: UnitOfWork, notice: PendingNotice) -> None:
    """Tell a notice if it is still true: the subject is locked, and what it allows now is what counts."""
    subject = await register.lock_shared(unit.session, notice.case_ref)
    if subject is None:
        return
    if notice.kind is ConsentNoticeKind.UNTOLD:
        await change_log.tell_late(unit, subject)
        return
    provision = await pending_notices.provision(unit.session, subject.subject_id, notice.directive_ref)
    stands = provision is not None and (
        provision.directive.ended if notice.kind is ConsentNoticeKind.ENDED else _is_open(subject, provision)
    )
    if (
        provision is None
        or not stands
        or not await pending_notices.take(unit.session, unit.agency_id, provision.ref, notice.kind)
    ):
        return
    if notice.kind is ConsentNoticeKind.GRANTED:
        await change_log.tell(unit, subject, [grant_notices(provision, notice.case_ref, subject.at)])
    elif notice.kind is ConsentNoticeKind.ENDED:
        await change_log.tell(unit, subject, [ending_notices(provision, notice.case_ref, subject.at)])
    else:
        await change_log.tell(unit, subject, [expiry_notices(provision, notice.case_ref, subject.at)])
        await follow_ups.open_ending(unit, provision, notice)


def _is_open(subject: Subject, provision: Provision) -> bool:
    return subject.table.participating and provision.in_force(subject.at)


scheduled_jobs = run_every(run_jobs, every=EVERY_SECONDS)
