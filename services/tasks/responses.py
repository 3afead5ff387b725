"""What tasks answers: references, codes and instants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.codes import ReviewTrigger, SnoozeReason, TaskOutcome, TaskQueue, TaskReason
from schemas.strict_model import StrictModel
from services.tasks.domain import Escalation, Shift, Task, TaskState


class TaskResponse(StrictModel):
    """A task of the asker's agency."""

    task_ref: UUID
    reason: TaskReason
    cause_ref: UUID
    trigger: ReviewTrigger | None = None
    case_ref: UUID | None = None
    queue: TaskQueue
    person_ref: str | None = None
    due_at: datetime
    state: TaskState
    flagged: bool
    snoozed_until: datetime | None = None
    snooze_reason: SnoozeReason | None = None
    snoozes: int
    escalation: Escalation
    escalated_at: datetime | None = None
    outcome: TaskOutcome | None = None
    version: int
    opened_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, task: Task) -> TaskResponse:
        """Return the task without what decides who sees it."""
        return cls(**{name: getattr(task, name) for name in cls.model_fields})


class TasksResponse(StrictModel):
    """A page of tasks, closest due instant first."""

    tasks: list[TaskResponse]


class TaskResultResponse(StrictModel):
    """What became of one row of a bulk step: its task as it is now, or why nothing was done."""

    task_ref: UUID
    done: bool
    code: str | None = None
    version: int | None = None


class TaskResultsResponse(StrictModel):
    """What became of each row, in the order asked for; a row is done or refused, and does not touch another."""

    results: list[TaskResultResponse]


class ShiftResponse(StrictModel):
    """Somebody on call for a queue, from an instant to an instant."""

    queue: TaskQueue
    person_ref: str
    starts_at: datetime
    ends_at: datetime


class DutyRosterResponse(StrictModel):
    """Who is on call at the agency, and the version of the roster."""

    version: int
    shifts: list[ShiftResponse]

    @classmethod
    def of(cls, version: int, shifts: list[Shift]) -> DutyRosterResponse:
        """Return the roster as it stands."""
        rows = [
            ShiftResponse(
                queue=shift.queue, person_ref=shift.person_ref, starts_at=shift.starts_at, ends_at=shift.ends_at
            )
            for shift in shifts
        ]
        return cls(version=version, shifts=rows)
