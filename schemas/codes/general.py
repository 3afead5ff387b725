"""Lists that every subject uses."""

from enum import StrEnum


class Bool3(StrEnum):
    """An answer of three kinds; a question nobody answered is absent, never `no`."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where a value came from; `cji` is closed to every kind of agency but police."""

    SURVIVOR = "survivor"
    ADVOCATE = "advocate"
    POLICE = "police"
    COURT = "court"
    MEDICAL = "medical"
    CJI = "cji"
    DEVICE = "device"
