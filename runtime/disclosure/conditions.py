"""A recorded fact that meets the condition of a directive: the directive ends or starts with it, and it is on record.

Whoever records such a fact holds the subject exclusive before it reads anything of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kernel.ledger.entry import Act
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.ledger.pending_entries import append
from runtime.register import Subject
from runtime.register.conditions import AffectedDirective, end_when_met, start_when_met
from schemas.codes import EndsWhen, StartsWhen

CONFLICT_MATCH = "conflict_match"


async def end_with(unit: UnitOfWork, case_ref: UUID, condition: EndsWhen, side: str, other: str | None = None) -> None:
    """End what was to end with `condition` between the two sides; from this transaction on it opens nothing."""
    subject = await _lock_exclusive(unit, case_ref)
    affected = await end_when_met(unit.session, subject.subject_id, side, other, condition)
    await _note(unit, case_ref, affected, "ended", condition)


async def never_start(unit: UnitOfWork, case_ref: UUID, custodian: str, recipient: str) -> None:
    """End what waits for a clear conflict check, the check having found a match."""
    subject = await _lock_exclusive(unit, case_ref)
    affected = await end_when_met(unit.session, subject.subject_id, custodian, recipient, CONFLICT_MATCH)
    await _note(unit, case_ref, affected, "ended", CONFLICT_MATCH)


async def start_with(unit: UnitOfWork, case_ref: UUID, condition: StartsWhen, custodian: str, recipient: str) -> None:
    """Start what was signed and waits for `condition`, of this custodian to this recipient."""
    subject = await _lock_exclusive(unit, case_ref)
    affected = await start_when_met(unit.session, subject.subject_id, custodian, recipient, condition)
    await _note(unit, case_ref, affected, "started", condition)


async def _lock_exclusive(unit: UnitOfWork, case_ref: UUID) -> Subject:
    subject = await register.lock_exclusive(unit.session, case_ref)
    if subject is None:
        raise LookupError("a condition of a case that does not exist")
    return subject


async def _note(
    unit: UnitOfWork, case_ref: UUID, affected: Sequence[AffectedDirective], reason: str, condition: str
) -> None:
    if not affected:
        return
    by, subject = (
        await audit_entries.resolve_actor(unit),
        await _lock_exclusive(unit, case_ref),
    )  # read again: its version is another one now
    detail = {"person": unit.actor, "condition": str(condition)}
    record = [
        audit_entries.act_entry(
            Act.CHANGED,
            by,
            subject,
            custodian=subject.cases.get(directive.custodian),
            directives=(str(directive.directive_ref),),
            reason=reason,
            detail=detail,
        )
        for directive in affected
    ]
    await append(unit.session, record)
