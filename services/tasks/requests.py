"""What staff send to tasks: references, codes and instants; no word of anybody."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.categories import Local
from schemas.codes import SnoozeReason, TaskOutcome, TaskQueue
from schemas.strict_model import NestedModel, StrictModel
from schemas.values import Flag, Instant, OwnRef, PersonRef, Version

MOST_AT_ONCE = 100
MOST_SHIFTS = 200


class TaskAssignmentRequest(StrictModel):
    """The colleague who is to do a task; nobody puts it back for whoever takes it."""

    person_ref: Local[PersonRef | None] = None


class TaskSnoozeRequest(StrictModel):
    """Until when a task waits, and why."""

    until: Local[Instant]
    reason_code: Local[SnoozeReason]


class TaskFlagRequest(StrictModel):
    """Whether a task bears a flag."""

    flagged: Local[Flag]


class TaskCompletionRequest(StrictModel):
    """What came of a task."""

    outcome_code: Local[TaskOutcome]


class NamedTask(NestedModel):
    """A task, and the version of it that the asker saw."""

    task_ref: OwnRef
    version: Version


NamedTasks = Annotated[tuple[NamedTask, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class TaskAssignmentsRequest(StrictModel):
    """Tasks for one colleague, or for nobody."""

    tasks: Local[NamedTasks]
    person_ref: Local[PersonRef | None] = None


class TaskSnoozesRequest(StrictModel):
    """Tasks that wait until one instant for one reason."""

    tasks: Local[NamedTasks]
    until: Local[Instant]
    reason_code: Local[SnoozeReason]


class TaskFlagsRequest(StrictModel):
    """Tasks that are to bear a flag, or none."""

    tasks: Local[NamedTasks]
    flagged: Local[Flag]


class ShiftBlock(NestedModel):
    """Somebody on call for a queue, from an instant to an instant."""

    queue: TaskQueue = TaskQueue.CASEWORK
    person_ref: PersonRef
    starts_at: Instant
    ends_at: Instant


class DutyRosterRequest(StrictModel):
    """Who is on call at the agency, in place of all shifts that were."""

    shifts: Local[Annotated[tuple[ShiftBlock, ...], Field(max_length=MOST_SHIFTS)]]
