"""Codes of a referral."""

from enum import StrEnum


class ReferralKind(StrEnum):
    """What is asked of the receiver."""

    SERVICE = "service"
    CONFERENCE_ACTION = "conference_action"


class ReferralMode(StrEnum):
    """Live is sent to the receiver; logged is sent to nobody and needs no release."""

    LIVE = "live"
    LOGGED = "logged"


class ServiceCode(StrEnum):
    """The service asked for."""

    SHELTER = "shelter"
    HOUSING = "housing"
    MEDICAL = "medical"
    FORENSIC_EXAM = "forensic_exam"
    COUNSELLING = "counselling"
    GROUP_SUPPORT = "group_support"
    SUBSTANCE_USE_CARE = "substance_use_care"
    LEGAL_AID = "legal_aid"
    ADVOCACY = "advocacy"
    POLICE = "police"
    CHILD_PROTECTION = "child_protection"
    IMMIGRATION = "immigration"
    FINANCIAL_AID = "financial_aid"
    COMPENSATION = "compensation"
    LIVELIHOOD = "livelihood"
    EDUCATION = "education"
    TRANSPORT = "transport"
    PRACTICAL_ITEMS = "practical_items"
    OTHER = "other"


class Priority(StrEnum):
    """How soon an answer is needed: 15 minutes, 1, 3, 24 or 72 hours."""

    ON_SCENE = "on_scene"
    URGENT = "urgent"
    SOON = "soon"
    DAY = "day"
    ROUTINE = "routine"


class ReferralState(StrEnum):
    """Where a referral stands; overdue is a fact about it, not a state."""

    DRAFT = "draft"
    SENT = "sent"
    NEEDS_INFO = "needs_info"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    COULD_NOT_CONTACT = "could_not_contact"
    WITHDRAWN = "withdrawn"


class DeclineReason(StrEnum):
    """Why a receiver declined; never merged with why a referral was withdrawn."""

    NO_CAPACITY = "no_capacity"
    LACK_OF_RESOURCES = "lack_of_resources"
    MISSING_DOCUMENTS = "missing_documents"
    OUT_OF_AREA = "out_of_area"
    NOT_ELIGIBLE = "not_eligible"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    UNSAFE = "unsafe"
    OTHER = "other"


class WithdrawReason(StrEnum):
    """Why a referral was withdrawn."""

    SURVIVOR_DECLINED = "survivor_declined"
    SENDER = "sender"
    CONSENT_ENDED = "consent_ended"
    UNSAFE_TO_CONTACT = "unsafe_to_contact"
    ENTERED_IN_ERROR = "entered_in_error"


class OutcomeCode(StrEnum):
    """What came of a completed referral; the survivor may disagree."""

    GOT_HELP = "got_help"
    PARTLY = "partly"
    DID_NOT_WANT = "did_not_want"
    UNKNOWN = "unknown"


class WarmHandoff(StrEnum):
    """Whether two advocates spoke with the survivor together."""

    NONE = "none"
    OFFERED = "offered"
    DONE = "done"


class ConflictCheck(StrEnum):
    """What a lawyer's conflict check has said so far."""

    NOT_NEEDED = "not_needed"
    PENDING = "pending"
    CLEAR = "clear"
    MATCH = "match"
