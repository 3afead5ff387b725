"""What opens: a signature, and the second person's confirmation where it opens more than stood before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kernel.ledger.entry import Act
from runtime import register
from schemas.codes import DirectiveState, RevokedBy
from services.consent import change_log, confirmations, pending_notices, store
from services.consent.change_log import ChangeEntry
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
from services.consent.revocation_commands import end

ALONE = "confirmed_alone_after_pause"


async def record_signature(held: LockedSubject, one: Provision, signature: Signature) -> Provision:
    """Put a draft in force on a signature; from the answer on, the recipient may open what it permits.

    Where it opens more than stood before, it waits for a second person, and nobody is told.
    """
    said = one.directive
    around = await draft_context(held, said.custodian, said.recipient, [signature.explained_by])
    signed, replaced = sign(one, signature, around)
    if signed.waiting is not None:
        return await _wait(held, signed, _detail(signature))
    return await _enter(held, signed, replaced, _detail(signature))


async def _enter(
    held: LockedSubject,
    active: Provision,
    replaced: Provision | None,
    detail: dict[str, Any],
    reason: str | None = None,
) -> Provision:
    unit, subject, said = held.unit, held.subject, active.directive
    session = unit.session

    async def rows() -> None:
        for name in (said.custodian, said.recipient):
            await register.join_case(session, subject.subject_id, str(name))
        for changed in filter(None, (active, replaced)):
            await store.keep(session, changed)

    others = () if replaced is None else (replaced.ref,)
    now = await change_log.change(
        held, rows, [ChangeEntry.of(Act.GRANTED, active, *others, reason=reason, detail=detail)]
    )
    case_ref = now.cases[said.custodian].case_ref
    if replaced is not None:
        told = narrowing_notices(active, replaced, case_ref, now.at)
        await change_log.tell_if_possible(unit, now, [] if told is None else [told])
    await change_log.tell(unit, now, [grant_notices(active, case_ref, now.at)])
    if active.in_force(now.at):
        await pending_notices.announce(session, active.ref)
    return active


async def record_lifting(held: LockedSubject, denial: Provision, signature: Signature) -> Provision:
    """Record that the survivor signed a denial away; it denies as before until a second person has confirmed."""
    said = denial.directive
    around = await draft_context(held, said.custodian, said.recipient, [signature.explained_by])
    return await _wait(held, lift(denial, signature, around), _detail(signature))


async def _wait(held: LockedSubject, one: Provision, detail: dict[str, Any]) -> Provision:
    """Let an opening wait: it is on record, and nobody but the custodian's staff is told of it."""
    session = held.unit.session
    await store.keep(session, one)
    if one.waiting is not None:
        await confirmations.begin_wait(session, one.ref, one.directive.custodian, one.waiting)
    note = ChangeEntry.of(Act.CHANGED, one, reason="awaiting_confirmation", detail=detail)
    await change_log.record(held.unit, held.subject, [note])
    return one


async def confirm_opening(held: LockedSubject, one: Provision) -> Provision:
    """Let what waits come into force on a second person's word: a permit, or the lifting of a denial."""
    said = one.directive
    around = await draft_context(held, said.custodian, said.recipient)
    if not one.permits:
        return await _lift(held, one, alone=check_lifting(one, around))
    active, replaced, alone = confirm(one, around)
    detail = {"recorded_by": recorded_by(one), "confirmed_by": held.unit.actor}
    await confirmations.end_wait(held.unit.session, one.ref)
    return await _enter(held, active, replaced, detail, ALONE if alone else None)


async def _lift(held: LockedSubject, denial: Provision, *, alone: bool) -> Provision:
    unit = held.unit
    how = store.how_ended(RevokedBy.SURVIVOR, None, recorded_by(denial)) | {"confirmed_by": unit.actor}
    await confirmations.end_wait(unit.session, denial.ref)
    reason = ALONE if alone else "lifted"
    await end(held, [PlannedRevocation(denial.standing(), RevocationKind.REVOKE)], how, reason=reason)
    revoked = replace(denial.directive, state=DirectiveState.REVOKED)
    return replace(denial, directive=revoked, revoked_at=held.subject.at, version=denial.version + 1, waiting=None)


async def record_refusal(held: LockedSubject, one: Provision) -> Provision:
    """Record that the survivor said no to what is not in force; its recipient can never tell that from silence."""
    unit = held.unit
    check_refusable(one)
    await confirmations.end_wait(unit.session, one.ref)
    if not one.permits:
        kept = replace(one, version=one.version + 1, waiting=None)
        await store.keep(unit.session, kept)
        await change_log.record(unit, held.subject, [ChangeEntry.of(Act.REFUSAL_RECORDED, one, reason="lifting")])
        return kept
    await store.end(unit.session, [PlannedRevocation(one.standing(), RevocationKind.REFUSE)], held.subject.at, {})
    await change_log.record(unit, held.subject, [ChangeEntry.of(Act.REFUSAL_RECORDED, one)])
    case = held.subject.cases.get(one.directive.custodian)
    if case is not None:
        told = refusal_notices(one, case.case_ref, held.subject.at)
        await change_log.tell_if_possible(unit, held.subject, [told])
    refused = replace(one.directive, state=DirectiveState.REFUSED)
    return replace(one, directive=refused, refused_at=held.subject.at, version=one.version + 1, waiting=None)


def recorded_by(one: Provision) -> str | None:
    """Return who recorded what waits."""
    return None if one.waiting is None else one.waiting.recorded_by


def _detail(signature: Signature) -> dict[str, Any]:
    signed = {"signed_at": signature.signed_at.isoformat(), "part2": signature.part2}
    return {"evidence": signature.evidence() | signed}
