"""What an agency is."""

from enum import StrEnum


class AgencyKind(StrEnum):
    """The kinds of agency; an unknown kind has an empty ceiling."""

    POLICE = "police"
    HOTLINE = "hotline"
    SHELTER = "shelter"
    COUNSELLING = "counselling"
    LEGAL_AID = "legal_aid"
    HOSPITAL = "hospital"
    COMMUNITY_PARTNER = "community_partner"
    COORDINATION = "coordination"


class AgencyFlag(StrEnum):
    """Duties an agency is under, whatever its kind."""

    CONFIDENTIALITY_BOUND = "confidentiality_bound"  # VAWA, FVPSA, VOCA: no emergency basis over its records
    PART2_PROGRAM = "part2_program"  # 42 CFR Part 2
    CJI_HOLDER = "cji_holder"  # CJIS Security Policy
    PRESCRIBED_ENTITY = "prescribed_entity"
