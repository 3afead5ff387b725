"""What a notice of an ending leaves to do: the recipient acknowledges it, or the custodian's people are told."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.register import Subject
from runtime.tasks import NewTask, open_task
from schemas.codes import TaskReason
from schemas.facts import ConsentNarrowed, ConsentRevoked
from services.consent import acknowledgement_store
from services.consent.domain import ConsentNotice
from services.consent.domain.acknowledgements import Acknowledgement


async def expect(
    session: AsyncSession, subject: Subject, notice: ConsentNotice, recipient: str, known_ref: UUID
) -> None:
    """Wait for a recipient's acknowledgement of what it is told, where that asks for one; a task for it is opened."""
    fact = notice.fact
    if not isinstance(fact, ConsentRevoked | ConsentNarrowed) or fact.acknowledge_by is None:
        return
    expected = Acknowledgement(
        ending_ref=uuid4(),
        received_ref=uuid4(),
        custodian=fact.custodian_ref,
        recipient=recipient,
        directive_ref=fact.directive_ref,
        known_ref=known_ref,
        told_at=subject.at,
        due_at=fact.acknowledge_by,
    )
    await acknowledgement_store.add(session, subject.subject_id, expected)
    own = subject.cases.get(recipient)
    if own is not None:
        reason, cause_ref = TaskReason.ACKNOWLEDGE_STOP, expected.received_ref
        await open_task(session, NewTask(recipient, reason, cause_ref, expected.due_at, own.case_ref))


async def mark_late(unit: UnitOfWork) -> int:
    """Open a task at the custodian for each ending that was not acknowledged in time; return how many."""
    late = await acknowledgement_store.mark_late(unit.session, unit.agency_id)
    for ending in late:
        reason = TaskReason.STOP_UNACKNOWLEDGED
        await open_task(
            unit.session, NewTask(unit.agency_id, reason, ending.ending_ref, ending.due_at, ending.case_ref)
        )
    return len(late)
