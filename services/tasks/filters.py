"""Which tasks a list holds and behind which row it goes on; as conditions of its statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TextClause,
    Uuid,
    bindparam,
    text,
)

from schemas.codes import TaskQueue, TaskReason
from services.tasks.domain import TaskState

INSTANT = DateTime(timezone=True)
TASKS = Table(
    "task",
    MetaData(schema="carrying"),
    Column("task_ref", Uuid, primary_key=True),
    Column("subject_id", BigInteger),
    Column("case_ref", Uuid),
    Column("custodian", Text),
    Column("decided_ref", Uuid),
    Column("purpose", Text),
    Column("reason", Text),
    Column("cause_ref", Uuid),
    Column("trigger", Text),
    Column("queue", Text),
    Column("person_ref", Text),
    Column("due_at", INSTANT),
    Column("state", Text),
    Column("flagged", Boolean),
    Column("snoozed_until", INSTANT),
    Column("snooze_reason", Text),
    Column("snoozes", SmallInteger),
    Column("escalation", Text),
    Column("escalated_at", INSTANT),
    Column("outcome", Text),
    Column("version", Integer),
    Column("opened_at", INSTANT),
    Column("changed_at", INSTANT),
)
AGENCY: Any = Column("agency_id", Text)
COLUMNS = tuple(TASKS.columns)
TASKS.append_column(AGENCY)
IS_ACTIVE = text("state IN ('open', 'claimed', 'snoozed')")  # as in the indexes of 0031_tasks.py


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks a list is to hold; `person_ref` is who asks."""

    queues: frozenset[TaskQueue]
    mine: bool = False
    person_ref: str | None = None
    states: tuple[TaskState, ...] = ()
    reasons: tuple[TaskReason, ...] = ()
    case_ref: UUID | None = None
    due_within_days: int | None = None
    due_after_days: int | None = None
    unassigned: bool = False
    overdue: bool = False
    flagged: bool | None = None


@dataclass(frozen=True, slots=True)
class TaskPagePosition:
    """Where a list goes on: behind one row, closest due instant first."""

    due_at: datetime
    task_ref: UUID


def conditions(agency: str, filters: TaskFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of the agency's list, all of which a row must meet: what is left to do only."""
    required: list[Any] = [agency == AGENCY, IS_ACTIVE, TASKS.c.queue.in_(filters.queues)]
    if filters.mine:
        required.append(TASKS.c.person_ref == filters.person_ref)
    required += _in(TASKS.c.state, filters.states)
    required += _in(TASKS.c.reason, filters.reasons)
    if filters.case_ref is not None:
        required.append(TASKS.c.case_ref == filters.case_ref)
    if filters.due_within_days is not None:
        required.append(TASKS.c.due_at < _in_days(filters.due_within_days))
    if filters.due_after_days is not None:
        required.append(TASKS.c.due_at >= _in_days(filters.due_after_days))
    if filters.unassigned:
        required.append(TASKS.c.person_ref.is_(None))
    if filters.overdue:
        required.append(TASKS.c.due_at < _in_days(0))
    if filters.flagged is not None:
        required.append(TASKS.c.flagged == filters.flagged)
    return required


def _in_days(days: int) -> TextClause:
    """Return the instant so many days from now; read once, or it would forbid the index over instants."""
    return text("(SELECT register.instant() + make_interval(days => :days))").bindparams(
        bindparam("days", days, unique=True)
    )


def _in(column: Any, values: Collection[str]) -> list[ColumnElement[bool]]:
    return [column.in_(values)] if values else []
