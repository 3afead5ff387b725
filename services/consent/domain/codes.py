"""The words of a signature that no contract carries."""

from enum import StrEnum


class SignerRole(StrEnum):
    """Who signs."""

    SURVIVOR = "survivor"
    MINOR = "minor"
    PARENT = "parent"
    GUARDIAN = "guardian"
    COURT = "court"


class SignerConflict(StrEnum):
    """What came of asking whether whoever signs is the abuser."""

    CLEAR = "clear"
    ABUSER = "abuser"


class Consideration(StrEnum):
    """What was gone through with the survivor before signing."""

    HOW_IT_HELPS = "how_it_helps"
    RE_SHARE = "re_share"
    USED_AGAINST = "used_against"
    ABUSER_REACH = "abuser_reach"
    ANOTHER_WAY = "another_way"


class ReceiptState(StrEnum):
    """Whether a receipt was asked for; it is held while no channel is known to be safe."""

    NOT_ASKED = "not_asked"
    HELD = "held"
    GIVEN = "given"
