"""Codes about a survivor and how to reach them safely."""

from enum import StrEnum


class AgeBand(StrEnum):
    """An age without a birth date."""

    UNDER_12 = "under_12"
    FROM_12_TO_17 = "12_17"
    FROM_18_TO_24 = "18_24"
    FROM_25_TO_59 = "25_59"
    FROM_60 = "60_plus"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """A practical need."""

    SHELTER = "shelter"
    TRANSPORT = "transport"
    INTERPRETER = "interpreter"
    CHILDCARE = "childcare"
    FOOD = "food"
    CLOTHING = "clothing"
    MONEY = "money"
    PHONE = "phone"
    LEGAL = "legal"
    MEDICAL = "medical"
    MENTAL_HEALTH = "mental_health"
    IMMIGRATION_HELP = "immigration_help"
    PET_CARE = "pet_care"
    ACCESSIBILITY = "accessibility"
    EMPLOYMENT = "employment"
    EDUCATION = "education"
    OTHER = "other"


class Attendance(StrEnum):
    """Whether someone attends a programme; nothing of what is said there."""

    NOT_STARTED = "not_started"
    ATTENDING = "attending"
    MISSED = "missed"
    COMPLETED = "completed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Paper(StrEnum):
    """A paper the survivor holds, lost or is kept from."""

    PASSPORT = "passport"
    VISA = "visa"
    RESIDENCE_PERMIT = "residence_permit"
    WORK_PERMIT = "work_permit"
    BIRTH_CERTIFICATE = "birth_certificate"
    OTHER = "other"


class ChannelKind(StrEnum):
    """A way to reach a survivor."""

    VOICE = "voice"
    SMS = "sms"
    EMAIL = "email"
    POST = "post"
    THROUGH_PERSON = "through_person"
    PORTAL = "portal"
    IN_PERSON = "in_person"


class ChannelStatus(StrEnum):
    """Whether a channel may be used; only `safe` is ever sent to."""

    UNKNOWN = "unknown"
    SAFE = "safe"
    STALE = "stale"
    UNSAFE = "unsafe"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"
