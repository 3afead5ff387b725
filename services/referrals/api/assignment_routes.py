"""Who of the receiving agency answers a referral: the agency's own affair, on record in its own case."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from kernel.ledger.entry import Act
from kernel.sealing.detail import Details
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries, list_reads
from runtime.disclosure.list_reads import MOST_ROWS
from runtime.http import Absent, FieldError, Invalid, replayed_by, require_scope, router
from runtime.ledger import pending_entries
from runtime.register import Subject
from services.referrals import assignments, domain, store
from services.referrals.api import lists
from services.referrals.api.lookup import STATUS, lock_referral, look_at_sent, to_receiver
from services.referrals.api.receiver_routes import MayAnswer, as_it_stands
from services.referrals.api.refusals import REFUSALS
from services.referrals.filters import Direction, ReferralFilter
from services.referrals.requests import ReferralAssignmentRequest
from services.referrals.responses import ReferralResponse, WorkloadResponse, WorkloadRow

MayRead = Annotated[UnitOfWork, Depends(require_scope("referrals:read"))]
OPEN_RECEIVED = ReferralFilter(Direction.RECEIVED, closed=False)

routes = router("/v1/referrals", tags=["referrals"], refusals=REFUSALS)


@routes.get("/workload")
async def read_workload(unit: MayRead) -> WorkloadResponse:
    """Tell how many open referrals each of the asker's colleagues answers, of those that the asker may see now."""
    rows = await assignments.open_referrals(unit.session, unit.agency_id, MOST_ROWS)
    purposes, fields = (lambda purpose: lists.purpose_of(OPEN_RECEIVED, purpose)), lists.needed(OPEN_RECEIVED)
    masks = await list_reads.row_masks(unit, [decided_by for _, decided_by in rows], purposes, STATUS)
    await list_reads.record_count(unit, lists.name(OPEN_RECEIVED))
    loads = Counter(person for (person, _), mask in zip(rows, masks, strict=True) if mask and mask & fields == fields)
    people = [WorkloadRow(person_ref=person, open=count) for person, count in sorted(loads.items())]
    return WorkloadResponse(people=people, whole=len(rows) < MOST_ROWS)


@routes.put("/{referral_ref}/assignment", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def assign_referral(
    referral_ref: UUID, form: ReferralAssignmentRequest, unit: MayAnswer, response: Response
) -> ReferralResponse:
    """Say who of the receiving agency answers the referral, in place of `instead_of`: a colleague, or nobody.

    No other agency learns of it, and the referral's version stays: an answer on its way is not refused as stale.
    """
    referral = await lock_referral(unit, store.referral_sent_to, referral_ref)
    mask = await look_at_sent(unit, referral)
    subject = await register.lock_shared(unit.session, referral.case_ref)
    if subject is None:
        raise Absent
    current = await assignments.person_answering(unit.session, unit.agency_id, referral_ref)
    domain.check_assignable(referral, form.person_ref, form.instead_of, current)
    await _check_colleague(unit, subject, form.person_ref)
    if form.person_ref != current:
        await assignments.assign(unit.session, unit.agency_id, referral_ref, form.person_ref, subject.at)
        await _record(unit, subject, referral_ref, form.person_ref)
    return await to_receiver(unit, referral, mask, response)


async def _check_colleague(unit: UnitOfWork, subject: Subject, person_ref: str | None) -> None:
    """Refuse who does not answer referrals at the agency; whom the survivor shuts out is refused alike."""
    if person_ref is None:
        return
    hidden = subject.table.hidden_from(unit.agency_id, person_ref, unnamed=False)
    if hidden or not await assignments.may_answer(unit.session, unit.agency_id, person_ref):
        raise Invalid([FieldError("body.person_ref", "no_colleague")])


async def _record(unit: UnitOfWork, subject: Subject, referral_ref: UUID, person_ref: str | None) -> None:
    """Put on record in the agency's own case who answers its referral; what it says lies sealed with the case."""
    entry = audit_entries.act_entry(
        Act.CHANGED,
        await audit_entries.resolve_actor(unit),
        subject,
        custodian=subject.cases[unit.agency_id],
        reason="referral_assigned",
        detail={"referral_ref": str(referral_ref), "assigned_to": person_ref} | unit.asker,
        details=Details(await register.case_key(unit.session, unit.keys, subject, unit.agency_id)),
    )
    await pending_entries.append(unit.session, [entry])
