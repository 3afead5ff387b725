"""Codes of a task, as the agency keeps it for its own people; they never leave that agency."""

from enum import StrEnum


class TaskReason(StrEnum):
    """Which clock made a task."""

    PLAN_REVIEW = "plan_review"
    CONTACT_RECHECK = "contact_recheck"
    PLAN_REHEARSAL = "plan_rehearsal"
    WRITTEN_FOLLOWUP = "written_followup"
    FIELD_REQUEST = "field_request"
    RELEASE_ENDING = "release_ending"
    ACKNOWLEDGE_STOP = "acknowledge_stop"
    STOP_UNACKNOWLEDGED = "stop_unacknowledged"
    REFERRAL_OVERDUE = "referral_overdue"
    BLOCKED_COLLEAGUE = "blocked_colleague"
    DEAD_LETTER = "dead_letter"


class TaskQueue(StrEnum):
    """Whose work a task is while no person has it."""

    CASEWORK = "casework"
    COORDINATION = "coordination"
    PRIVACY = "privacy"
    OPERATIONS = "operations"


class SnoozeReason(StrEnum):
    """Why a task waits although it is due."""

    WAITING_FOR_ANSWER = "waiting_for_answer"
    APPOINTMENT_MADE = "appointment_made"
    SURVIVOR_ASKED = "survivor_asked"
    NOT_SAFE_NOW = "not_safe_now"


class TaskOutcome(StrEnum):
    """What came of a task."""

    HANDLED = "handled"
    NOT_NEEDED = "not_needed"
    NOT_POSSIBLE = "not_possible"
