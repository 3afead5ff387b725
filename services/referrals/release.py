"""Whether the release of now lets a receiver see how a referral stands: without one nothing is sent."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import ConsentTable, Decision, Reason, Request, decide
from runtime.register import Subject
from runtime.register.conditions import table_once_started
from schemas.categories import DataCategory
from schemas.codes import ConflictCheck, Purpose
from schemas.taxonomy import bit, category_mask
from services.referrals.domain import Referral

STATUS = category_mask(DataCategory.REFERRAL_STATUS)
CHECKED_NAME = bit("alleged_offender.offender_name")


def release_for(subject: Subject, sender: str, receiver: str, purpose: Purpose | None) -> Decision:
    """Return the decision on a referral's state: the fields that the sender's releases open to the receiver now."""
    return _decided(subject, subject.table, sender, receiver, purpose, STATUS)


async def check_before(
    session: AsyncSession, subject: Subject, sender: str, receiver: str, purpose: Purpose
) -> Decision:
    """Return the decision on a conflict check by the receiver's system, if a release waits only for that check.

    Two directives are signed together: the check's own, and one that starts when it is clear.
    """
    checks = _decided(subject, subject.table, sender, receiver, Purpose.CONFLICT_CHECK, CHECKED_NAME)
    if not checks.mask:
        return checks
    once_clear = await table_once_started(session, subject)
    waiting = _decided(subject, once_clear, sender, receiver, purpose, STATUS)
    return checks if waiting.mask else waiting


async def standing(session: AsyncSession, subject: Subject, referral: Referral) -> Decision:
    """Return the decision the referral stands on now: its release, or the conflict check before it."""
    sender, receiver, purpose = referral.sending_agency, referral.receiving_agency, referral.purpose
    release = release_for(subject, sender, receiver, purpose)
    if release.mask or referral.conflict_check is not ConflictCheck.PENDING or purpose is None:
        return release
    return await check_before(session, subject, sender, receiver, purpose)


def _decided(
    subject: Subject, table: ConsentTable, sender: str, receiver: str, purpose: Purpose | None, requested_mask: int
) -> Decision:
    sender_case, receiver_case = subject.cases[sender], subject.cases.get(receiver)
    if receiver_case is None or not receiver_case.active:
        return Decision(0, (), subject.sv, subject.at, Reason.NOTHING_GRANTED)
    return decide(Request(receiver_case.agency, sender_case.agency, purpose, requested_mask), table, subject.at)
