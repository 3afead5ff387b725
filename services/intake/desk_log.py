"""What the agency decides about its own case, on record: what it says lies sealed with the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.ledger.entry import Act
from kernel.sealing.detail import Details
from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.ledger.pending_entries import append
from runtime.register import Subject


async def record_decision(unit: UnitOfWork, subject: Subject, reason: str, detail: Mapping[str, Any]) -> None:
    """Put the decision on record; the caller holds the subject."""
    by = await audit_entries.resolve_actor(unit)
    key = await register.case_key(unit.session, unit.keys, subject, unit.agency_id)
    entry = audit_entries.act_entry(
        Act.CHANGED,
        by,
        subject,
        custodian=subject.cases[unit.agency_id],
        reason=reason,
        detail={**detail, **unit.asker},
        details=Details(key),
    )
    await append(unit.session, [entry])
