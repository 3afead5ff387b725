"""Codes of a safety plan."""

from enum import StrEnum


class PlanStatus(StrEnum):
    """Where a version of a plan stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    CLOSED = "closed"


class ThreatType(StrEnum):
    """What a plan is a plan against."""

    INTIMATE_PARTNER = "intimate_partner"
    STALKING = "stalking"
    FAMILY = "family"
    TRAFFICKING = "trafficking"
    OTHER = "other"


class PlanSection(StrEnum):
    """The parts a plan may have; a name tells nothing of what is in it."""

    DURING_INCIDENT = "during_incident"
    PREPARING_TO_LEAVE = "preparing_to_leave"
    HOME_SECURITY = "home_security"
    TECHNOLOGY = "technology"
    WORK_SCHOOL_PUBLIC = "work_school_public"
    PETS = "pets"
    EMOTIONAL = "emotional"
    PROTECTIVE_ORDER_USE = "protective_order_use"
    CHILDREN = "children"
    CONTACTS = "contacts"
    PLACES = "places"


class ReviewTrigger(StrEnum):
    """Why a plan was looked at again."""

    DUE = "due"
    NEW_INCIDENT = "new_incident"
    ORDER_SERVED = "order_served"
    ORDER_ENDED = "order_ended"
    ORDER_VIOLATED = "order_violated"
    ALERT_CLOSED = "alert_closed"
    NEAR_MISS = "near_miss"
    RAISED_BAND = "raised_band"
    OFFENDER_RELEASED = "offender_released"
    ASKED = "asked"
