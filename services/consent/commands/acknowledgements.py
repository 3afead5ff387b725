"""A recipient's word that it uses its copy no more."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kernel.ledger.entry import Act
from runtime.tasks import close_tasks
from schemas.codes import TaskReason
from services.consent import acknowledgement_store, change_log
from services.consent.change_log import ChangeEntry
from services.consent.domain.acknowledgements import Acknowledgement
from services.consent.locked_subject import LockedSubject


async def endings_of(locked: LockedSubject) -> list[Acknowledgement]:
    """Return the endings about a case of which the agency is a side, oldest first."""
    unit, subject = locked.unit, locked.subject
    return await acknowledgement_store.of_subject(unit.session, unit.agency_id, subject.subject_id)


async def acknowledge(locked: LockedSubject, known_ref: UUID) -> Sequence[Acknowledgement]:
    """Acknowledge every ending of a directive that waits for it; return those of the directive, oldest first.

    The second time there is nothing left to acknowledge, and nothing is put on record.
    """
    unit, subject = locked.unit, locked.subject
    done = await acknowledgement_store.acknowledge(unit.session, unit.agency_id, known_ref, subject.at, unit.actor)
    if done:
        causes = [ref for ending in done for ref in (ending.received_ref, ending.ending_ref)]
        await close_tasks(unit.session, None, causes, TaskReason.ACKNOWLEDGE_STOP, TaskReason.STOP_UNACKNOWLEDGED)
        entry = ChangeEntry(Act.CHANGED, done[0].custodian, (done[0].directive_ref,), reason="stop_acknowledged")
        await change_log.record(unit, subject, [entry])
    return [ending for ending in await endings_of(locked) if ending.known_ref == known_ref]
