"""What a route withholds, and what is not there, put on record alike.

Neither may be told from the other, by the answer or by the time it took: so each leaves a leaf behind.
"""

from __future__ import annotations

from uuid import UUID

from kernel.consent import Decision
from kernel.ledger.entry import Act
from runtime.database.unit_of_work import Unit
from runtime.disclosure import audit_entries
from runtime.ledger.pending_entries import append
from runtime.register import CaseOf, Subject, instant


async def note_absent(unit: Unit, asked: UUID, *, name: str = "asked") -> None:
    """Put on record that something was asked for which the agency does not have; nobody's case was meant."""
    by, at = await audit_entries.who(unit), await instant(unit.session)
    await append(unit.session, [audit_entries.unattributed(by, at, None, {name: str(asked)})])


async def note_blocked(unit: Unit, subject: Subject, custodian: CaseOf) -> None:
    """Put on record that somebody asked from whom the survivor, being held, hides."""
    by = await audit_entries.who(unit)
    decision = Decision(0, (), subject.sv, subject.at, unit.hidden(subject.table))
    refused = audit_entries.decided(Act.CONSULTED, by, subject, custodian, decision, None, None, unit.asker, None)
    await append(unit.session, [refused])
