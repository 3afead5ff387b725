"""What time brings to tasks: one that was put off comes back, and one that nobody took goes to somebody else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from runtime import register
from runtime.database.unit_of_work import UnitOfWork
from runtime.http.app_state import AppState
from runtime.register import Snapshot
from runtime.scheduler import BATCH_SIZE, drain, log_and_continue, run_every
from services.tasks import domain, store
from services.tasks.domain import Shift, Task, TaskState

ACTOR = "system:tasks"
EVERY_SECONDS = 5.0


async def attend(unit: UnitOfWork) -> int:
    """Wake what was put off until now, and pass on what nobody took in time; return the number of tasks."""
    now = await register.database_now(unit.session)
    tasks = await store.waiting_for_clock(unit.session, unit.agency_id, now, BATCH_SIZE)
    shifts = await _shifts(unit)
    refs = {task.decided_ref for task in tasks if task.decided_ref is not None}
    subjects = await register.snapshots(unit.session, refs)
    for task in tasks:
        await store.keep(unit.session, unit.agency_id, _next(unit.agency_id, task, shifts, subjects, now))
    return len(tasks)


async def _shifts(unit: UnitOfWork) -> list[Shift]:
    """Return the shifts of whoever still works at the agency."""
    shifts = await store.shifts_of(unit.session, unit.agency_id)
    working = await store.roles_of(unit.session, unit.agency_id, {shift.person_ref for shift in shifts})
    return [shift for shift in shifts if shift.person_ref in working]


def _next(agency: str, task: Task, shifts: list[Shift], subjects: dict[UUID, Snapshot], now: datetime) -> Task:
    if task.state is TaskState.SNOOZED:
        return domain.wake(task, now)
    on_duty = domain.on_duty(shifts, task.queue, now)
    subject = None if task.decided_ref is None else subjects.get(task.decided_ref)
    # Whom a survivor shuts out is given nothing of theirs, on duty or not.
    if on_duty is not None and subject is not None and subject.table.hidden_from(agency, on_duty, unnamed=False):
        on_duty = None
    return domain.escalate(task, on_duty, now)


async def run_jobs(app_state: AppState) -> None:
    """Do what is due now, agency by agency, each within its own wall and transaction."""
    async with app_state.sessions() as session:
        agencies = await store.agencies_to_attend(session)
    for agency_id in agencies:
        with log_and_continue():
            await drain(app_state, agency_id, ACTOR, attend, BATCH_SIZE)


scheduled_jobs = run_every(run_jobs, every=EVERY_SECONDS)
