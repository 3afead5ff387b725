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


class Audience(StrEnum):
    """To whom a notice goes; a respondent is never one."""

    SURVIVOR = "survivor"
    AGENCY = "agency"


class NoticeState(StrEnum):
    """Where a notice stands."""

    PLANNED = "planned"
    HELD = "held"
    SENT = "sent"
    DROPPED = "dropped"
    FAILED = "failed"
    CORRECTED = "corrected"


class RightStage(StrEnum):
    """The stage of a case at which a rights notice is due."""

    REPORT = "report"
    ORDER_REQUEST = "order_request"
    CHARGE = "charge"
    HEARING = "hearing"
    PLEA = "plea"
    SENTENCE = "sentence"
    RELEASE = "release"


class RightKind(StrEnum):
    """The right a notice tells of (18 U.S.C. 3771(a))."""

    PROTECTION = "protection"
    NOTICE_OF_PROCEEDINGS = "notice_of_proceedings"
    PRESENCE = "presence"
    BEING_HEARD = "being_heard"
    CONFERRING = "conferring"
    RESTITUTION = "restitution"
    NO_UNREASONABLE_DELAY = "no_unreasonable_delay"
    FAIRNESS_AND_DIGNITY = "fairness_and_dignity"
    NOTICE_OF_RELEASE = "notice_of_release"
