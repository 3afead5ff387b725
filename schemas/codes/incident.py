"""Codes of an incident."""

from enum import StrEnum


class ReportChannel(StrEnum):
    """How an incident became known."""

    HOTLINE = "hotline"
    WEB = "web"
    WALK_IN = "walk_in"
    POLICE = "police"
    MEDICAL = "medical"
    PARTNER = "partner"
    TEXT_CHAT = "text_chat"


class DatePrecision(StrEnum):
    """How much of a date is meant."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    UNKNOWN = "unknown"


class DayPeriod(StrEnum):
    """The time of day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"
    UNKNOWN = "unknown"


class PlaceKind(StrEnum):
    """The kind of place, which tells nobody where it is."""

    SHARED_HOME = "shared_home"
    OWN_HOME = "own_home"
    OTHER_HOME = "other_home"
    WORKPLACE = "workplace"
    SCHOOL = "school"
    PUBLIC_PLACE = "public_place"
    VEHICLE = "vehicle"
    ONLINE = "online"
    INSTITUTION = "institution"
    UNKNOWN = "unknown"


class ViolenceType(StrEnum):
    """What kind of violence it was; the first six are those of GBVIMS."""

    RAPE = "rape"
    SEXUAL_ASSAULT = "sexual_assault"
    PHYSICAL_ASSAULT = "physical_assault"
    FORCED_MARRIAGE = "forced_marriage"
    DENIAL_OF_RESOURCES = "denial_of_resources"
    PSYCHOLOGICAL_EMOTIONAL_ABUSE = "psychological_emotional_abuse"
    STALKING = "stalking"
    THREATS = "threats"
    PROPERTY_DAMAGE = "property_damage"
    TRAFFICKING = "trafficking"
    OTHER = "other"


class IncidentContext(StrEnum):
    """A context, computed from what was recorded."""

    INTIMATE_PARTNER_VIOLENCE = "intimate_partner_violence"
    CHILD_SEXUAL_ABUSE = "child_sexual_abuse"
    EARLY_MARRIAGE = "early_marriage"
    POSSIBLE_SEXUAL_EXPLOITATION = "possible_sexual_exploitation"
    POSSIBLE_SEXUAL_SLAVERY = "possible_sexual_slavery"
    HARMFUL_TRADITIONAL_PRACTICE = "harmful_traditional_practice"


class Relationship(StrEnum):
    """Survivor to alleged offender, by the two-letter codes of NIBRS."""

    SPOUSE = "SE"
    COMMON_LAW_SPOUSE = "CS"
    PARENT = "PA"
    SIBLING = "SB"
    CHILD = "CH"
    GRANDPARENT = "GP"
    GRANDCHILD = "GC"
    IN_LAW = "IL"
    STEP_PARENT = "SP"
    STEPCHILD = "SC"
    STEP_SIBLING = "SS"
    OTHER_FAMILY = "OF"
    ACQUAINTANCE = "AQ"
    FRIEND = "FR"
    NEIGHBOUR = "NE"
    BABYSITTEE = "BE"
    BOYFRIEND_OR_GIRLFRIEND = "BG"
    CHILD_OF_BOYFRIEND_OR_GIRLFRIEND = "CF"
    EX_SPOUSE = "XS"
    EMPLOYEE = "EE"
    EMPLOYER = "ER"
    OTHERWISE_KNOWN = "OK"
    UNKNOWN = "RU"
    STRANGER = "ST"
    EX_RELATIONSHIP = "XR"


class ElapsedBand(StrEnum):
    """Whole days between the incident and its report; the bands do not overlap."""

    DAYS_0_TO_3 = "0_3_days"
    DAYS_4_TO_5 = "4_5_days"
    DAYS_6_TO_14 = "6_14_days"
    DAYS_15_TO_30 = "2_weeks_1_month"
    OVER_A_MONTH = "over_1_month"


class InjuryLevel(StrEnum):
    """How badly someone was hurt."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    UNKNOWN = "unknown"


class EarlierIncidents(StrEnum):
    """How many came before."""

    NONE = "none"
    ONE = "one"
    TWO_TO_FOUR = "2_4"
    FIVE_OR_MORE = "5_plus"
    UNKNOWN = "unknown"


class PoliceReport(StrEnum):
    """Whether the survivor wants the police told, and how far that is."""

    NOT_WANTED = "not_wanted"
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    POLICE_OWN = "police_own"


class IncidentChange(StrEnum):
    """What a new version of an incident changed."""

    CORRECTION = "correction"
    EVIDENCE = "evidence"
    POLICE_REPORT = "police_report"
    CLOSED = "closed"
    REOPENED = "reopened"


class FirearmRelationship(StrEnum):
    """A relationship code of the NCIC firearm check, kept opaque until checked with its manual."""

    CODE_1 = "1"
    CODE_2 = "2"
    CODE_3 = "3"
    CODE_4 = "4"
    CODE_5 = "5"
    CODE_6 = "6"
    CODE_7 = "7"
    CODE_8 = "8"
    CODE_9 = "9"
    CODE_10 = "10"
    CODE_99 = "99"


class WeaponKind(StrEnum):
    """What was used as a weapon."""

    FIREARM = "firearm"
    BLADE = "blade"
    BLUNT_OBJECT = "blunt_object"
    VEHICLE = "vehicle"
    BODY = "body"
    SUBSTANCE = "substance"
    OTHER = "other"
    UNKNOWN = "unknown"


class CareNeeded(StrEnum):
    """How soon medical care is needed."""

    NOW = "now"
    WITHIN_HOURS = "within_hours"
    NONE = "none"
    UNKNOWN = "unknown"
