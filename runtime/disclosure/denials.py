"""What a route withholds, and what is not there, put on record alike.

Neither may be told from the other, by the answer or by the time it took: so each leaves a leaf behind.
"""

from __future__ import annotations

from uuid import UUID

from kernel.consent import Decision
from kernel.ledger.entry import Act
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.ledger.pending_entries import append
from runtime.register import CaseOf, Subject, database_now


async def record_not_found(unit: UnitOfWork, reference: UUID, *, name: str = "asked") -> None:
    """Put on record a request for a reference that the agency does not have; it names nobody's case."""
    by, at = await audit_entries.resolve_actor(unit), await database_now(unit.session)
    await append(unit.session, [audit_entries.unknown_entry(by, at, None, {name: str(reference)})])


async def record_blocked(unit: UnitOfWork, subject: Subject, custodian: CaseOf) -> None:
    """Put on record that somebody asked from whom the survivor, being held, hides."""
    by = await audit_entries.resolve_actor(unit)
    decision = Decision(0, (), subject.sv, subject.at, unit.hidden(subject.table))
    refused = audit_entries.decision_entry(
        Act.CONSULTED, by, subject, custodian, decision, None, None, unit.asker, None
    )
    await append(unit.session, [refused])
