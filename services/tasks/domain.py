"""What a task may become, at whose hands, and who it goes to when nobody takes it in time.

| from | to | who |
|---|---|---|
| open | claimed | anybody who may see it, for themself |
| open, claimed, snoozed | open, at a person or at nobody | open: anybody; else whoever has it, or a coordinator |
| open, claimed | snoozed | as above; at most twice |
| open, claimed, snoozed | the same, flagged or not | anybody who may see it |
| claimed | done | whoever has it, or a coordinator |
| snoozed | open | the clock, when the time is over |
| open | open, at the person on duty, then at the coordinators | the clock, past due, once each |
| open, claimed, snoozed | cancelled | the service whose cause ended |

done and cancelled are final.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from uuid import UUID

from schemas.codes import Purpose, ReviewTrigger, SnoozeReason, TaskOutcome, TaskQueue, TaskReason

MAX_SNOOZE: Final = timedelta(days=14)
MAX_SNOOZES: Final = 2
# After that long at the person on duty, a task that nobody took goes to the coordinators.
DUTY_GRACE: Final = timedelta(hours=1)
MAX_SHIFT: Final = timedelta(days=7)


class TaskState(StrEnum):
    """How a task stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    SNOOZED = "snoozed"
    DONE = "done"
    CANCELLED = "cancelled"


class Escalation(StrEnum):
    """To whom a task went since nobody took it in time."""

    NONE = "none"
    DUTY = "duty"
    COORDINATION = "coordination"


ACTIVE: Final = frozenset({TaskState.OPEN, TaskState.CLAIMED, TaskState.SNOOZED})


class TaskStepNotPossible(Exception):
    """The task cannot take this step; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class TaskActor:
    """Who takes a step: a person of the agency, who may or may not steer the work of others."""

    person_ref: str
    coordinates: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A task of an agency: references, codes and instants."""

    task_ref: UUID
    subject_id: int | None
    case_ref: UUID | None  # the agency's own
    custodian: str | None  # whose record it is about, and that agency's reference: it decides who sees the task
    decided_ref: UUID | None
    purpose: Purpose | None
    reason: TaskReason
    cause_ref: UUID
    trigger: ReviewTrigger | None
    queue: TaskQueue
    person_ref: str | None
    due_at: datetime
    state: TaskState
    flagged: bool
    snoozed_until: datetime | None
    snooze_reason: SnoozeReason | None
    snoozes: int
    escalation: Escalation
    escalated_at: datetime | None
    outcome: TaskOutcome | None
    version: int
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody on call for a queue, from an instant to an instant."""

    queue: TaskQueue
    person_ref: str
    starts_at: datetime
    ends_at: datetime


def claim(task: Task, actor: TaskActor, now: datetime) -> Task:
    """Return the task that the actor does from now on."""
    if task.state is not TaskState.OPEN:
        raise TaskStepNotPossible("not_open")
    return _step(task, now, state=TaskState.CLAIMED, person_ref=actor.person_ref)


def hand_over(task: Task, actor: TaskActor, person_ref: str | None, now: datetime) -> Task:
    """Return the task as it waits for a colleague to claim it, or for anybody."""
    _check_active(task)
    _check_holder(task, actor)
    return _step(task, now, state=TaskState.OPEN, person_ref=person_ref, snoozed_until=None, snooze_reason=None)


def snooze(task: Task, actor: TaskActor, until: datetime, reason: SnoozeReason, now: datetime) -> Task:
    """Return the task put off until an instant, at most 14 days from now and at most twice in its life."""
    if task.state not in {TaskState.OPEN, TaskState.CLAIMED}:
        raise TaskStepNotPossible("not_open")
    _check_holder(task, actor)
    if task.snoozes >= MAX_SNOOZES:
        raise TaskStepNotPossible("snoozed_twice")
    if not now < until <= now + MAX_SNOOZE:
        raise TaskStepNotPossible("not_within_14_days")
    holder = task.person_ref or actor.person_ref
    snoozed = _step(task, now, state=TaskState.SNOOZED, person_ref=holder, snoozed_until=until, snooze_reason=reason)
    return replace(snoozed, snoozes=task.snoozes + 1)


def flag(task: Task, flagged: bool, now: datetime) -> Task:
    """Return the task with a flag on it, or without."""
    _check_active(task)
    return _step(task, now, flagged=flagged)


def complete(task: Task, actor: TaskActor, outcome: TaskOutcome, now: datetime) -> Task:
    """Return the task that is done, with what came of it."""
    if task.state is not TaskState.CLAIMED:
        raise TaskStepNotPossible("not_claimed")
    _check_holder(task, actor)
    return _step(task, now, state=TaskState.DONE, outcome=outcome)


def wake(task: Task, now: datetime) -> Task:
    """Return the task that waits for somebody again, its time being over."""
    if task.state is not TaskState.SNOOZED or task.snoozed_until is None or now < task.snoozed_until:
        raise TaskStepNotPossible("not_due")
    return _step(task, now, state=TaskState.OPEN, snoozed_until=None, snooze_reason=None)


def escalate(task: Task, on_duty: str | None, now: datetime) -> Task:
    """Return the task at whoever is on duty; an hour later, or where nobody is, in the queue of the coordinators."""
    if not is_to_escalate(task, now):
        raise TaskStepNotPossible("not_due")
    if task.escalation is Escalation.NONE and on_duty is not None:
        return _step(task, now, person_ref=on_duty, escalation=Escalation.DUTY, escalated_at=now)
    # What only privacy officers or administrators may see stays in their queue.
    queue = TaskQueue.COORDINATION if task.queue is TaskQueue.CASEWORK else task.queue
    to = Escalation.COORDINATION
    return _step(task, now, queue=queue, person_ref=None, escalation=to, escalated_at=now)


def is_to_escalate(task: Task, now: datetime) -> bool:
    """Tell whether nobody took the task in time, and it was not passed on since."""
    if task.state is not TaskState.OPEN or now < task.due_at or task.escalation is Escalation.COORDINATION:
        return False
    if task.snoozes and now < task.changed_at + DUTY_GRACE:  # it has only just come back
        return False
    return task.escalation is Escalation.NONE or (
        task.escalated_at is not None and task.escalated_at + DUTY_GRACE <= now
    )


def first_bad_shift(shifts: Sequence[Shift]) -> tuple[int, str] | None:
    """Return the place of a shift that no roster takes, and why; None where all are good."""
    for place, shift in enumerate(shifts):
        if not timedelta(0) < shift.ends_at - shift.starts_at <= MAX_SHIFT:
            return place, "not_within_7_days"
    ordered = sorted(range(len(shifts)), key=lambda place: (shifts[place].queue, shifts[place].starts_at))
    for before, after in pairwise(ordered):
        if shifts[before].queue is shifts[after].queue and shifts[after].starts_at < shifts[before].ends_at:
            return after, "overlap"
    return None


def on_duty(shifts: Sequence[Shift], queue: TaskQueue, now: datetime) -> str | None:
    """Return who is on call for a queue now; None where nobody is."""
    called = (shift for shift in shifts if shift.queue is queue and shift.starts_at <= now < shift.ends_at)
    return next((shift.person_ref for shift in called), None)


def _check_active(task: Task) -> None:
    if task.state not in ACTIVE:
        raise TaskStepNotPossible("not_open")


def _check_holder(task: Task, actor: TaskActor) -> None:
    """Refuse whoever would take a task out of a colleague's hands, unless they steer the work."""
    in_hand = task.state is not TaskState.OPEN
    if in_hand and task.person_ref != actor.person_ref and not actor.coordinates:
        raise TaskStepNotPossible("not_yours")


def _step(task: Task, now: datetime, **changes: object) -> Task:
    return replace(task, version=task.version + 1, changed_at=now, **changes)  # type: ignore[arg-type]
