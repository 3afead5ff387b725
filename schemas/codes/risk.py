"""Codes of a risk screen."""

from enum import StrEnum


class Band(StrEnum):
    """The band of a result: ours, DASH and LAP, and those of an outside Danger Assessment."""

    HIGH = "high"
    ELEVATED = "elevated"
    STANDARD = "standard"
    INCOMPLETE = "incomplete"  # too few answers; never to be read as standard
    VARIABLE = "variable"
    INCREASED = "increased"
    SEVERE = "severe"
    EXTREME = "extreme"


class TriggeredBy(StrEnum):
    """What led to the band."""

    RULE = "rule"
    BELIEF = "belief"
    ESCALATION = "escalation"
    REPEAT = "repeat"


class RiskChange(StrEnum):
    """The band against that of the screen before."""

    FIRST = "first"
    SAME = "same"
    RAISED = "raised"
    LOWERED = "lowered"


class Answer(StrEnum):
    """An answer to a yes-or-no item; skipped and not sure are answers of their own."""

    YES = "yes"
    NO = "no"
    NOT_SURE = "not_sure"
    SKIPPED = "skipped"
