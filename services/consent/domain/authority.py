"""Who may do what to a survivor's say-so: one table.

Whatever opens more than stood before needs a person of the custodian who holds `directives:sign`; where it is about the
subject as a whole, of the home agency.  A system opens nothing.  Whatever closes needs no more than being a side of it.
The queries of `store.py` find for an agency only what this table lets it touch: what is not its own is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.consent.domain.refusal import DirectiveStepNotPossible


class Step(StrEnum):
    """One act of staff."""

    DRAFT = "draft"
    NARROW = "narrow"
    DENY = "deny"
    EXCLUDE = "exclude"
    SIGN = "sign"
    REFUSE = "refuse"
    LIFT = "lift"
    CONFIRM = "confirm"
    STOP = "stop"
    STOP_EVERYTHING = "stop_everything"
    TAKE_PART = "take_part"
    TAKE_NO_PART = "take_no_part"
    RECORD_DEATH = "record_death"
    TAKE_BACK_DEATH = "take_back_death"
    CONFIRM_TAKING_BACK = "confirm_taking_back"


class Side(StrEnum):
    """What an agency is to a directive; it may be several at once."""

    CUSTODIAN = "custodian"
    RECIPIENT = "recipient"
    DRAFTER = "drafter"  # whose staff wrote it down
    HOME = "home"  # that opened the case
    KNOWS = "knows"  # has a case of the survivor


@dataclass(frozen=True, slots=True)
class Rule:
    """What one step takes."""

    scope: str
    sides: frozenset[Side]
    opens: bool = False
    refusal: str = "absent"  # the code for an agency that may know of the directive and may not do this


def _rule(scope: str, *sides: Side, opens: bool = False, refusal: str = "absent") -> Rule:
    return Rule(scope, frozenset(sides), opens, refusal)


_EITHER: Final = (Side.CUSTODIAN, Side.RECIPIENT)
RULES: Final[Mapping[Step, Rule]] = {
    Step.DRAFT: _rule("directives:draft", *_EITHER, refusal="not_yours"),
    Step.NARROW: _rule("directives:draft", *_EITHER, refusal="not_yours"),
    Step.DENY: _rule("directives:draft", Side.CUSTODIAN, Side.HOME, refusal="not_yours"),
    Step.EXCLUDE: _rule("persons:exclude", Side.CUSTODIAN, Side.HOME, refusal="not_yours"),
    Step.SIGN: _rule("directives:sign", Side.CUSTODIAN, opens=True, refusal="custodian_signs"),
    Step.REFUSE: _rule("directives:sign", Side.CUSTODIAN, Side.DRAFTER),
    Step.LIFT: _rule("directives:sign", Side.CUSTODIAN, opens=True, refusal="custodian_signs"),
    Step.CONFIRM: _rule("directives:sign", Side.CUSTODIAN, opens=True, refusal="custodian_signs"),
    Step.STOP: _rule("directives:revoke", *_EITHER, Side.DRAFTER),
    Step.STOP_EVERYTHING: _rule("directives:revoke", Side.KNOWS),
    Step.TAKE_PART: _rule("participation:write", Side.HOME, refusal="held_elsewhere"),
    Step.TAKE_NO_PART: _rule("participation:write", Side.KNOWS),
    Step.RECORD_DEATH: _rule("participation:write", Side.HOME, refusal="held_elsewhere"),
    Step.TAKE_BACK_DEATH: _rule("directives:sign", Side.HOME, opens=True, refusal="held_elsewhere"),
    Step.CONFIRM_TAKING_BACK: _rule("directives:sign", Side.HOME, opens=True, refusal="held_elsewhere"),
}


def sides_of(
    agency: str, *, custodian: str | None = None, recipient: str | None = None, home: str | None = None
) -> frozenset[Side]:
    """Return what an agency with a case of the survivor is to a directive between these."""
    is_side = {Side.CUSTODIAN: custodian, Side.RECIPIENT: recipient, Side.HOME: home}
    return frozenset({Side.KNOWS, *(side for side, named in is_side.items() if named == agency)})


def permitted(step: Step, sides: Set[Side], *, person: bool) -> bool:
    """Tell whether an agency that is `sides` may take the step, by a person or by its system."""
    rule = RULES[step]
    return bool(rule.sides & sides) and (person or not rule.opens)


def require(step: Step, sides: Set[Side], *, person: bool) -> None:
    """Refuse a step that is not the agency's to take; raises `DirectiveStepNotPossible` with the rule's code."""
    if not permitted(step, sides, person=person):
        raise DirectiveStepNotPossible(RULES[step].refusal)
