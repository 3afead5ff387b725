"""Codes of a case, as its own agency keeps it; they never leave that agency."""

from enum import StrEnum


class ClosingReason(StrEnum):
    """Why an agency no longer works on a case."""

    COMPLETED = "completed"
    MOVED_AWAY = "moved_away"
    NO_CONTACT = "no_contact"
    TRANSFERRED = "transferred"
    OPENED_BY_MISTAKE = "opened_by_mistake"
