"""Codes of an alert."""

from enum import StrEnum


class AlertKind(StrEnum):
    """What raised an alert."""

    PANIC_BUTTON = "panic_button"
    ZONE_ENTERED = "zone_entered"
    CHECK_IN_MISSED = "check_in_missed"
    STAFF_RAISED = "staff_raised"


class AlertOutcome(StrEnum):
    """How an alert ended."""

    RESPONDED = "responded"
    FALSE_ALARM = "false_alarm"
    STOOD_DOWN = "stood_down"
    LAPSED = "lapsed"
