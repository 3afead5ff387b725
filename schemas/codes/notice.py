"""Codes of a notice."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is about; the notice itself never says so."""

    ORDER_SERVED = "order_served"
    ORDER_SERVICE_FAILED = "order_service_failed"
    HEARING_SET = "hearing_set"
    ORDER_EXPIRING = "order_expiring"
    ORDER_ENDED = "order_ended"
    REFERRAL_ANSWERED = "referral_answered"
    DIRECTIVE_ENDING = "directive_ending"
    DISCLOSURE_MADE = "disclosure_made"
    CORRECTION = "correction"
    RIGHTS = "rights"


class NoticeState(StrEnum):
    """Where a notice stands."""

    PLANNED = "planned"
    HELD = "held"
    SENT = "sent"
    DROPPED = "dropped"
    FAILED = "failed"
    CORRECTED = "corrected"
