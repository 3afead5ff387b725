"""Codes of a protective order."""

from enum import StrEnum


class OrderType(StrEnum):
    """The kind of order."""

    EMERGENCY = "emergency"
    EX_PARTE = "ex_parte"
    FINAL = "final"
    CRIMINAL_NO_CONTACT = "criminal_no_contact"
    OUT_OF_STATE = "out_of_state"


class OrderStatus(StrEnum):
    """Where an order stands; a violation is an event on an order, not a status."""

    REQUESTED = "requested"
    TEMPORARY = "temporary"
    FINAL = "final"
    EXPIRED = "expired"
    VACATED = "vacated"


class OrderExpiry(StrEnum):
    """Whether an order has an end date; without one the clock never ends it."""

    DATED = "dated"
    NONE = "none"
    UNKNOWN = "unknown"


class EndReason(StrEnum):
    """Why an order ended before its date."""

    DENIED = "denied"
    DISMISSED = "dismissed"
    VACATED = "vacated"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"


class Modification(StrEnum):
    """What kind of change was made to an order."""

    CLERICAL = "clerical"
    TERMS = "terms"
    RENEWAL = "renewal"
    CORRECTION = "correction"


class PcoCode(StrEnum):
    """A condition of a protective order, by the codes that police systems use."""

    NO_ASSAULT = "01"
    NO_THREAT_TO_FAMILY = "02"
    EXCLUSIVE_RESIDENCE = "03"
    STAY_AWAY = "04"
    NO_COMMUNICATION = "05"
    RESPONDENT_HAS_CUSTODY = "06"
    NO_FIREARM = "07"
    SEE_TEXT = "08"
    TEMPORARY_EXCLUSIVE_CUSTODY = "09"


class ServiceStatus(StrEnum):
    """How far the service of an order has come."""

    PENDING = "pending"
    IN_HAND = "in_hand"
    SERVED = "served"
    FAILED = "failed"


class ServiceFailure(StrEnum):
    """Why an order could not be served."""

    NOT_FOUND = "not_found"
    AVOIDED = "avoided"
    BAD_ADDRESS = "bad_address"
    OUT_OF_AREA = "out_of_area"
    OTHER = "other"
