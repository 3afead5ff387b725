"""What opens: a signature, and the second person's confirmation where it opens more than stood before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kernel.ledger.entry import Act
from runtime import register
from schemas.codes import DirectiveState, RevokedBy
from services.consent import change_log, confirmations, follow_ups, pending_notices, store
from services.consent.change_log import ChangeEntry
from services.consent.commands import field_requests
from services.consent.commands.revocation import planned_notices, revocation_entries
from services.consent.domain import (
    PlannedRevocation,
    Provision,
    RevocationKind,
    Signature,
    check_lifting,
    check_refusable,
    confirm,
    grant_notices,
    lift,
    narrowing_notices,
    refusal_notices,
    sign,
)
from services.consent.draft_context import draft_context
from services.consent.locked_subject import LockedSubject

ALONE = "confirmed_alone_after_pause"


async def record_signature(locked: LockedSubject, provision: Provision, signature: Signature) -> Provision:
    """Put a draft in force on a signature; from the answer on, the recipient may open what it permits.

    Where it opens more than stood before, it waits for a second person, and nobody is told.
    """
    directive = provision.directive
    context = await draft_context(locked, directive.custodian, directive.recipient, [signature.explained_by])
    signed, replaced = sign(provision, signature, context)
    if signed.waiting is not None:
        return await _wait(locked, signed, _detail(signature))
    return await _enter(locked, signed, replaced, _detail(signature))


async def _enter(
    locked: LockedSubject,
    active: Provision,
    replaced: Provision | None,
    detail: dict[str, Any],
    reason: str | None = None,
) -> Provision:
    unit, subject, directive = locked.unit, locked.subject, active.directive
    session = unit.session
    for name in (directive.custodian, directive.recipient):
        await register.join_case(session, subject.subject_id, str(name))
    for changed in filter(None, (active, replaced)):
        await store.keep(session, changed)
    now = await change_log.raise_version(locked.unit.session, locked.subject)
    others = () if replaced is None else (replaced.ref,)
    await change_log.record(unit, now, [ChangeEntry.of(Act.GRANTED, active, *others, reason=reason, detail=detail)])
    case_ref = now.cases[directive.custodian].case_ref
    if replaced is not None:
        notice = narrowing_notices(active, replaced, case_ref, now.at)
        await change_log.tell_if_possible(unit, now, [] if notice is None else [notice])
    await change_log.tell(unit, now, [grant_notices(active, case_ref, now.at)])
    await follow_ups.close_ended(session, others)
    await field_requests.grant(unit, now, active)
    if active.in_force(now.at):
        await pending_notices.announce(session, active.ref)
    return active


async def record_lifting(locked: LockedSubject, denial: Provision, signature: Signature) -> Provision:
    """Record that the survivor signed a denial away; it denies as before until a second person has confirmed."""
    directive = denial.directive
    context = await draft_context(locked, directive.custodian, directive.recipient, [signature.explained_by])
    return await _wait(locked, lift(denial, signature, context), _detail(signature))


async def _wait(locked: LockedSubject, provision: Provision, detail: dict[str, Any]) -> Provision:
    """Let an opening wait: it is on record, and nobody but the custodian's staff is told of it."""
    session = locked.unit.session
    await store.keep(session, provision)
    if provision.waiting is not None:
        await confirmations.begin_wait(session, provision.ref, provision.directive.custodian, provision.waiting)
    note = ChangeEntry.of(Act.CHANGED, provision, reason="awaiting_confirmation", detail=detail)
    await change_log.record(locked.unit, locked.subject, [note])
    return provision


async def confirm_opening(locked: LockedSubject, provision: Provision) -> Provision:
    """Put a waiting opening in force on a second person's word: a permit, or the lifting of a denial."""
    directive = provision.directive
    context = await draft_context(locked, directive.custodian, directive.recipient)
    if not provision.permits:
        return await _lift(locked, provision, alone=check_lifting(provision, context))
    active, replaced, alone = confirm(provision, context)
    detail = {"recorded_by": recorded_by(provision), "confirmed_by": locked.unit.actor}
    await confirmations.end_wait(locked.unit.session, provision.ref)
    return await _enter(locked, active, replaced, detail, ALONE if alone else None)


async def _lift(locked: LockedSubject, denial: Provision, *, alone: bool) -> Provision:
    unit, subject = locked.unit, locked.subject
    revocation = store.how_ended(RevokedBy.SURVIVOR, None, recorded_by(denial)) | {"confirmed_by": unit.actor}
    await confirmations.end_wait(unit.session, denial.ref)
    reason = ALONE if alone else "lifted"
    ended = [PlannedRevocation(denial.standing(), RevocationKind.REVOKE)]
    await store.end(unit.session, ended, subject.at, revocation)
    changed = await change_log.raise_version(unit.session, subject)
    await change_log.record(unit, changed, revocation_entries(ended, revocation, reason))
    await change_log.tell_if_possible(unit, changed, planned_notices(ended, changed))
    await follow_ups.close_ended(unit.session, [denial.ref])
    revoked = replace(denial.directive, state=DirectiveState.REVOKED)
    return replace(denial, directive=revoked, revoked_at=subject.at, version=denial.version + 1, waiting=None)


async def record_refusal(locked: LockedSubject, provision: Provision) -> Provision:
    """Record that the survivor said no to what is not in force; its recipient can never tell that from silence."""
    unit = locked.unit
    check_refusable(provision)
    await confirmations.end_wait(unit.session, provision.ref)
    if not provision.permits:
        updated = replace(provision, version=provision.version + 1, waiting=None)
        await store.keep(unit.session, updated)
        await change_log.record(
            unit, locked.subject, [ChangeEntry.of(Act.REFUSAL_RECORDED, provision, reason="lifting")]
        )
        return updated
    await store.end(
        unit.session, [PlannedRevocation(provision.standing(), RevocationKind.REFUSE)], locked.subject.at, {}
    )
    await change_log.record(unit, locked.subject, [ChangeEntry.of(Act.REFUSAL_RECORDED, provision)])
    case = locked.subject.cases.get(provision.directive.custodian)
    if case is not None:
        notice = refusal_notices(provision, case.case_ref, locked.subject.at)
        await change_log.tell_if_possible(unit, locked.subject, [notice])
    refused = replace(provision.directive, state=DirectiveState.REFUSED)
    return replace(
        provision, directive=refused, refused_at=locked.subject.at, version=provision.version + 1, waiting=None
    )


def recorded_by(provision: Provision) -> str | None:
    """Return who recorded the opening that waits."""
    return None if provision.waiting is None else provision.waiting.recorded_by


def _detail(signature: Signature) -> dict[str, Any]:
    signed = {"signed_at": signature.signed_at.isoformat(), "part2": signature.part2}
    return {"evidence": signature.evidence() | signed}
