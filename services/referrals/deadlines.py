"""A referral that nobody answered in time is a task at both sides, until it is answered or called back."""

from __future__ import annotations

from dataclasses import replace

from runtime.database.unit_of_work import UnitOfWork
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import TaskReason
from services.referrals.domain import UNANSWERED, Referral


async def open_tasks(unit: UnitOfWork, late: Referral) -> None:
    """Open a task at the sender, and one at the receiver that is shown as long as the release lets it be."""
    if late.answer_by is None or late.receiver_ref is None:
        return
    reason = TaskReason.REFERRAL_OVERDUE
    sent = NewTask(late.sending_agency, reason, late.referral_ref, late.answer_by, late.case_ref)
    received = replace(
        sent,
        agency_id=late.receiving_agency,
        cause_ref=late.receiver_ref,
        custodian=late.sending_agency,
        purpose=late.purpose,
    )
    for task in (sent, received):
        await open_task(unit.session, task)


async def close_answered(unit: UnitOfWork, referral: Referral) -> None:
    """End the tasks of a referral that waits for no answer any more."""
    if referral.state in UNANSWERED or referral.overdue_since is None or referral.receiver_ref is None:
        return
    for agency, cause_ref in (
        (referral.sending_agency, referral.referral_ref),
        (referral.receiving_agency, referral.receiver_ref),
    ):
        await close_tasks(unit.session, agency, [cause_ref], TaskReason.REFERRAL_OVERDUE)
