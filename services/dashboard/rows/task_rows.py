"""What pages about tasks read of the answers: what is due, and who is on call."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.codes import ReviewTrigger, SnoozeReason, TaskOutcome, TaskQueue, TaskReason
from services.dashboard.domain import case_code
from services.dashboard.navigation import CASES, HEALTH, REFERRALS, RELEASES
from services.dashboard.rows.service_row import ServiceRow


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
        if self.reason is TaskReason.DEAD_LETTER:
            return HEALTH
        if self.reason is TaskReason.REFERRAL_OVERDUE:
            return f"{REFERRALS}/{self.cause_ref}"
        if self.reason in (TaskReason.PLAN_REVIEW, TaskReason.PLAN_REHEARSAL):
            return f"{CASES}/{self.case_ref}/plan"
        if self.reason is TaskReason.RELEASE_ENDING:
            return f"{RELEASES}/{self.case_ref}/release/{self.cause_ref}"
        if self.reason is TaskReason.FIELD_REQUEST:
            return f"{RELEASES}/{self.case_ref}/requests"
        if self.reason in (TaskReason.WRITTEN_FOLLOWUP, TaskReason.BLOCKED_COLLEAGUE):
            return f"{RELEASES}/{self.case_ref}"
        return f"{CASES}/{self.case_ref}"


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
