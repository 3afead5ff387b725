"""When somebody asks again which ways to reach a survivor are safe: a task, ended by what she tells next."""

from __future__ import annotations

from datetime import datetime

from runtime.database.unit_of_work import UnitOfWork
from runtime.tasks import NewTask, close_tasks, open_task
from schemas.codes import TaskReason
from schemas.facts.survivor import SafeContactBlock
from services.intake import plan_store, store
from services.intake.domain import Incident, contacts_end_at


async def plan_next(unit: UnitOfWork, incident: Incident, contact: SafeContactBlock, at: datetime) -> None:
    """End what was due about the contacts of a case, and open a task for when they are to be asked about next.

    An incident that tells nothing of a contact takes nothing back.  What was over before it was told is due the same
    day.  Of the contact nothing stands in the task but the instant: ADR 0046.
    """
    due_at = contacts_end_at(contact, at)
    if contact.recheck_on is not None:
        begins = await plan_store.day_begins(unit.session, unit.agency_id, contact.recheck_on)
        due_at = begins if due_at is None else min(due_at, begins)
    if due_at is None and contact.channels is None:
        return
    incidents = await store.incidents_of(unit.session, unit.agency_id, incident.case_ref)
    refs = [earlier.incident_ref for earlier in incidents]
    await close_tasks(unit.session, unit.agency_id, refs, TaskReason.CONTACT_RECHECK)
    if due_at is not None:
        task = NewTask(
            unit.agency_id,
            TaskReason.CONTACT_RECHECK,
            incident.incident_ref,
            max(due_at, await plan_store.day_ends(unit.session, unit.agency_id, at)),
            incident.case_ref,
            person_ref=unit.person_ref,
            turn=incident.version,
        )
        await open_task(unit.session, task)
