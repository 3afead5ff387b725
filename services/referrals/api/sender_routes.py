"""The sender's routes: to send a referral, and to call it back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Response

from kernel.consent import Decision
from kernel.ledger.entry import Act
from kernel.pairwise import pairwise
from runtime import disclosure, register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.http import Absent, CreatedResources, FieldError, Invalid, Refused, replayed_by, require_scope, router
from runtime.http.problems import problem_response as answer_problem
from runtime.ledger import pending_entries
from runtime.register import Subject
from schemas.codes import ConflictCheck, ReferralMode
from schemas.facts.referral import ReferralCreated, WithdrawalBlock
from services.referrals import domain, endings, spoken_codes, store
from services.referrals.api.lookup import lock_referral, look_at_own, own_case, to_sender
from services.referrals.api.refusals import REFUSALS
from services.referrals.domain import Referral
from services.referrals.release import check_before, release_for
from services.referrals.requests import ReferralRequest
from services.referrals.responses import ReferralResponse

MaySend = Annotated[UnitOfWork, Depends(require_scope("referrals:send"))]

routes = router("/v1/referrals", tags=["referrals"], refusals=REFUSALS)


async def as_it_stands(referral_ref: UUID, unit: MaySend, response: Response) -> ReferralResponse:
    """Show the referral that was called back, as it is now."""
    referral = await store.referral_sent_by(unit.session, unit.agency_id, referral_ref)
    if referral is None:
        raise Absent
    await look_at_own(unit, referral.case_ref)
    return to_sender(referral, response)


async def as_sent(referral_ref: CreatedResources, unit: MaySend, response: Response) -> ReferralResponse:
    """Show the referral that was sent, as it is now."""
    response.headers["Location"] = f"/v1/referrals/{referral_ref}"
    return await as_it_stands(referral_ref, unit, response)


@routes.post("", status_code=201, response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_sent)
async def send_referral(form: ReferralRequest, unit: MaySend, response: Response) -> ReferralResponse | Response:
    """Send a referral under a release; or log one that the survivor takes along, which needs none."""
    subject = await own_case(unit, form.case_ref)
    await _check_receiver(unit, form)
    await _check_older(unit, form)
    key = await register.case_key(unit.session, unit.keys, subject, unit.agency_id)
    ref = uuid4()
    receiver_ref = pairwise(key, form.to_agency_ref, ref)
    release, check = await _release(unit, subject, form)
    referral, fact = domain.send(
        form,
        referral_ref=ref,
        case_ref=form.case_ref,
        purpose=form.purpose,
        sender=unit.agency_id,
        receiver_ref=receiver_ref,
        now=subject.at,
        spoken_code=spoken_codes.draw(),
        conflict_check=check,
    )
    live = referral.mode is ReferralMode.LIVE
    if live and not release.mask:
        await _note_refusal(unit, subject, referral, release)
        return answer_problem(Refused("release_needed", status=422))
    while not await store.put(unit.session, referral, subject.subject_id, subject.sv, release.until):
        referral, fact = domain.recode(referral, fact, spoken_codes.draw())
    await (disclosure.offer if live else disclosure.record)(unit, fact)
    unit.created = ref
    response.headers["Location"] = f"/v1/referrals/{ref}"
    return to_sender(referral, response)


@routes.post("/{referral_ref}/withdrawal", response_model=ReferralResponse, response_model_exclude_none=True)
@replayed_by(as_it_stands)
async def withdraw_referral(
    referral_ref: UUID, reason: WithdrawalBlock, unit: MaySend, response: Response
) -> ReferralResponse:
    """Call a referral back. No version is asked for: a stop is not refused for a formality."""
    referral = await lock_referral(unit, store.referral_sent_by, referral_ref, closes=True)
    await look_at_own(unit, referral.case_ref)
    withdrawn, fact = domain.withdraw(referral, reason, await register.database_now(unit.session))
    await endings.keep(unit, withdrawn)
    await (disclosure.offer if referral.mode is ReferralMode.LIVE else disclosure.record)(unit, fact)
    return to_sender(withdrawn, response)


async def _release(unit: UnitOfWork, subject: Subject, form: ReferralRequest) -> tuple[Decision, ConflictCheck | None]:
    """Return the decision a referral is sent under, and whether the receiver's system checks for a conflict first."""
    release = release_for(subject, unit.agency_id, form.to_agency_ref, form.purpose)
    if release.mask or form.mode is not ReferralMode.LIVE or form.purpose is None:
        return release, None
    check = await check_before(unit.session, subject, unit.agency_id, form.to_agency_ref, form.purpose)
    return (check, ConflictCheck.PENDING) if check.mask else (release, None)


async def _check_receiver(unit: UnitOfWork, form: ReferralRequest) -> None:
    """Refuse a receiver that is not an active agency, logged or sent: a typing error must not become a record."""
    if await register.agency(unit.session, form.to_agency_ref) is None:
        raise Invalid([FieldError("body.to_agency_ref", "unknown_agency")])


async def _check_older(unit: UnitOfWork, form: ReferralRequest) -> None:
    if form.follows_ref is None:
        return
    older = await store.referral_sent_by(unit.session, unit.agency_id, form.follows_ref)
    if older is None or older.case_ref != form.case_ref:
        raise Invalid([FieldError("body.follows_ref", "unknown")])


async def _note_refusal(unit: UnitOfWork, subject: Subject, referral: Referral, release: Decision) -> None:
    by, case = await audit_entries.resolve_actor(unit), subject.cases[unit.agency_id]
    detail = unit.asker | {"to": referral.receiving_agency}
    fact_type = ReferralCreated.type
    leaf = audit_entries.decision_entry(
        Act.CONSULTED, by, subject, case, release, referral.purpose, fact_type, detail, None
    )
    await pending_entries.append(unit.session, [leaf])
