"""What pages about tasks read of the answers: what is due, and who is on call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from schemas.codes import ReviewTrigger, SnoozeReason, TaskOutcome, TaskQueue, TaskReason
from services.dashboard.domain import case_code
from services.dashboard.navigation import CASES, HEALTH, REFERRALS, RELEASES
from services.dashboard.rows.service_row import ServiceRow

# Where a task is done, by why it is there; any other on the page of its case.
PLACES: Final[Mapping[TaskReason, str]] = {
    TaskReason.PLAN_REVIEW: f"{CASES}/{{case_ref}}/plan",
    TaskReason.PLAN_REHEARSAL: f"{CASES}/{{case_ref}}/plan",
    TaskReason.WRITTEN_FOLLOWUP: f"{RELEASES}/{{case_ref}}",
    TaskReason.FIELD_REQUEST: f"{RELEASES}/{{case_ref}}/requests",
    TaskReason.RELEASE_ENDING: f"{RELEASES}/{{case_ref}}/release/{{cause_ref}}",
    TaskReason.ACKNOWLEDGE_STOP: f"{RELEASES}/{{case_ref}}/acknowledgements",
    TaskReason.STOP_UNACKNOWLEDGED: f"{RELEASES}/{{case_ref}}/acknowledgements",
    TaskReason.REFERRAL_OVERDUE: f"{REFERRALS}/{{cause_ref}}",
    TaskReason.BLOCKED_COLLEAGUE: f"{RELEASES}/{{case_ref}}",
    TaskReason.DEAD_LETTER: HEALTH,
}


class TaskRow(ServiceRow):
    """A task of the agency."""

    task_ref: UUID
    reason: TaskReason
    cause_ref: UUID
    trigger: ReviewTrigger | None = None
    case_ref: UUID | None = None
    queue: TaskQueue
    person_ref: str = ""
    due_at: datetime
    state: str
    flagged: bool = False
    snoozed_until: datetime | None = None
    snooze_reason: SnoozeReason | None = None
    outcome: TaskOutcome | None = None
    escalation: str = "none"
    version: int
    opened_at: datetime

    @property
    def code(self) -> str:
        """Return what staff call the case; empty where it is about none."""
        return "" if self.case_ref is None else case_code(self.case_ref)

    @property
    def left_to_do(self) -> bool:
        """Tell whether somebody is still to do it."""
        return self.state != "done"

    @property
    def place(self) -> str:
        """Return the address of the page where it is done."""
        place = PLACES.get(self.reason, f"{CASES}/{{case_ref}}")
        return place.format(case_ref=self.case_ref, cause_ref=self.cause_ref)


class TaskListRow(ServiceRow):
    """One page of tasks."""

    tasks: tuple[TaskRow, ...]


class TaskResultRow(ServiceRow):
    """What became of one row of a step of several."""

    task_ref: UUID
    done: bool
    code: str = ""


class TaskResultListRow(ServiceRow):
    """What became of each row."""

    results: tuple[TaskResultRow, ...]


class ShiftRow(ServiceRow):
    """Somebody on call for a queue, from an instant to an instant."""

    queue: TaskQueue
    person_ref: str
    starts_at: datetime
    ends_at: datetime


class DutyRosterRow(ServiceRow):
    """Who is on call at the agency, by the beginning of the shifts."""

    version: int
    shifts: tuple[ShiftRow, ...] = ()
