"""Tasks of an agency and its duty roster. Each query carries in its WHERE whose they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.disclosure.list_reads import DecidedBy
from schemas.codes import Purpose, ReviewTrigger, SnoozeReason, TaskOutcome, TaskQueue, TaskReason
from services.tasks.domain import DUTY_GRACE, Escalation, Shift, Task, TaskState
from services.tasks.filters import AGENCY, COLUMNS, IS_ACTIVE, TASKS, TaskFilter, TaskPagePosition, conditions

CODES = {
    "purpose": Purpose,
    "reason": TaskReason,
    "trigger": ReviewTrigger,
    "queue": TaskQueue,
    "state": TaskState,
    "snooze_reason": SnoozeReason,
    "escalation": Escalation,
    "outcome": TaskOutcome,
}
STEPS = (
    "queue",
    "person_ref",
    "state",
    "flagged",
    "snoozed_until",
    "snooze_reason",
    "snoozes",
    "escalation",
    "escalated_at",
    "outcome",
    "version",
    "changed_at",
)
TO_ATTEND = text("SELECT agency FROM tasks.agencies_to_attend(:grace) AS agency ORDER BY agency")
COLLEAGUES = text("""
SELECT person_ref, roles FROM register.person WHERE person_ref = ANY(:refs) AND agency_id = :agency AND active
""")
ROSTER = text("SELECT version FROM tasks.roster WHERE agency_id = :agency")
HOLD_ROSTER = text("""
INSERT INTO tasks.roster AS r (agency_id, version, changed_at) VALUES (:agency, 0, register.instant())
ON CONFLICT (agency_id) DO UPDATE SET changed_at = register.instant() RETURNING version
""")
KEEP_ROSTER = text("UPDATE tasks.roster SET version = version + 1 WHERE agency_id = :agency")
SHIFTS = text("""
SELECT queue, person_ref, starts_at, ends_at FROM tasks.shift WHERE agency_id = :agency ORDER BY starts_at, queue
""")
NO_SHIFTS = text("DELETE FROM tasks.shift WHERE agency_id = :agency")
ADD_SHIFT = text("""
INSERT INTO tasks.shift (agency_id, queue, person_ref, starts_at, ends_at)
VALUES (:agency, :queue, :person_ref, :starts_at, :ends_at)
""")


async def task_of(
    session: AsyncSession, agency: str, queues: Collection[TaskQueue], task_ref: UUID, *, to_change: bool = False
) -> Task | None:
    """Return the agency's own task of one of these queues; any other, and one whose cause ended, is absent."""
    tasks = await tasks_named(session, agency, queues, [task_ref], to_change=to_change)
    return tasks[0] if tasks else None


async def tasks_named(
    session: AsyncSession,
    agency: str,
    queues: Collection[TaskQueue],
    task_refs: Collection[UUID],
    *,
    to_change: bool = False,
) -> list[Task]:
    """Return the agency's own tasks of these references and queues, whose causes stand, in one order."""
    query = select(*COLUMNS).where(
        agency == AGENCY,
        TASKS.c.queue.in_(queues),
        TASKS.c.task_ref.in_(task_refs),
        TASKS.c.state != TaskState.CANCELLED,
    )
    ordered = query.order_by(TASKS.c.task_ref)
    return await _fetch(session, ordered.with_for_update() if to_change else ordered)


async def tasks_of(
    session: AsyncSession, agency: str, filters: TaskFilter, behind: TaskPagePosition | None, rows: int
) -> list[Task]:
    """Return up to `rows` tasks of the agency that are left to do, behind a place, closest due instant first."""
    keys = TASKS.c.due_at, TASKS.c.task_ref
    query = select(*COLUMNS).where(*conditions(agency, filters))
    if behind is not None:
        query = query.where(tuple_(*keys) > tuple_(behind.due_at, behind.task_ref))
    return await _fetch(session, query.order_by(*keys).limit(rows))


async def tasks_counted(session: AsyncSession, agency: str, filters: TaskFilter, rows: int) -> list[DecidedBy | None]:
    """Return what decides each of up to `rows` tasks: all that a count needs; None where no case is concerned."""
    columns = TASKS.c.subject_id, TASKS.c.custodian, TASKS.c.purpose
    query = select(*columns).where(*conditions(agency, filters)).limit(rows)
    return [None if row[0] is None else tuple(row) for row in await session.execute(query)]


async def keep(session: AsyncSession, agency: str, task: Task) -> None:
    """Keep the task as it now is."""
    steps = {name: getattr(task, name) for name in STEPS}
    await session.execute(update(TASKS).where(agency == AGENCY, TASKS.c.task_ref == task.task_ref).values(**steps))


async def agencies_to_attend(session: AsyncSession) -> list[str]:
    """Return the agencies at which a task waits for the clock."""
    return list(await session.scalars(TO_ATTEND, {"grace": DUTY_GRACE}))


async def waiting_for_clock(session: AsyncSession, agency: str, now: datetime, rows: int) -> list[Task]:
    """Return tasks whose snooze is over or that nobody took in time, held; what another holds is left to it."""
    first = TASKS.c.escalation == Escalation.NONE
    late = (TASKS.c.state == TaskState.OPEN) & (TASKS.c.due_at <= now)
    late &= (TASKS.c.snoozes == 0) | (TASKS.c.changed_at <= now - DUTY_GRACE)
    again = (TASKS.c.escalation == Escalation.DUTY) & (TASKS.c.escalated_at <= now - DUTY_GRACE)
    slept = (TASKS.c.state == TaskState.SNOOZED) & (TASKS.c.snoozed_until <= now)
    query = select(*COLUMNS).where(agency == AGENCY, IS_ACTIVE, or_(slept, late & (first | again)))
    return await _fetch(session, query.order_by(TASKS.c.task_ref).limit(rows).with_for_update(skip_locked=True))


async def roles_of(session: AsyncSession, agency: str, refs: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the roles of those of these persons who work at the agency now."""
    rows = await session.execute(COLLEAGUES, {"refs": list(refs), "agency": agency}) if refs else ()
    return {row.person_ref: tuple(row.roles) for row in rows}


async def roster_version(session: AsyncSession, agency: str, *, to_change: bool = False) -> int:
    """Return the version of the agency's duty roster, 0 before the first; held until the end where it is to change."""
    return int(await session.scalar(HOLD_ROSTER if to_change else ROSTER, {"agency": agency}) or 0)


async def shifts_of(session: AsyncSession, agency: str) -> list[Shift]:
    """Return who is on call at the agency, by the beginning of the shifts."""
    rows = await session.execute(SHIFTS, {"agency": agency})
    return [Shift(TaskQueue(row.queue), row.person_ref, row.starts_at, row.ends_at) for row in rows]


async def keep_roster(session: AsyncSession, agency: str, shifts: Sequence[Shift]) -> None:
    """Keep these shifts in place of those that were; the roster is held."""
    await session.execute(NO_SHIFTS, {"agency": agency})
    if shifts:
        await session.execute(ADD_SHIFT, [{"agency": agency} | asdict(shift) for shift in shifts])
    await session.execute(KEEP_ROSTER, {"agency": agency})


async def _fetch(session: AsyncSession, query: Select[Any]) -> list[Task]:
    return [_task(row) for row in (await session.execute(query)).mappings()]


def _task(row: RowMapping) -> Task:
    read = {name: _read(name, value) for name, value in row.items()}
    return Task(**read)


def _read(name: str, value: Any) -> Any:
    return value if value is None or name not in CODES else CODES[name](value)
