"""A risk instrument as data: its items, and the rules by which answers lead to a band.

>>> from schemas.codes import Answer, Band
>>> item = RiskItem(code="q1", group="now", kind=ItemKind.YES_NO)
>>> rule = RiskRule(kind=RuleKind.ANY_OF, band=Band.HIGH, group="now")
>>> screen = RiskInstrument("example", "1", (item,), (rule,), bands=(Band.STANDARD, Band.HIGH))
>>> result_of(screen, {"q1": AnsweredItem(code="q1", answer=Answer.YES)})
RiskResult(band=<Band.HIGH: 'high'>, triggered_by=(<TriggeredBy.RULE: 'rule'>,))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from schemas.codes import Answer, Band, TriggeredBy
from schemas.facts.risk import AnsweredItem
from services.intake.domain.refusal import CaseStepNotPossible

Answers = Mapping[str, AnsweredItem]


class ItemKind(StrEnum):
    """What an answer to an item is."""

    YES_NO = "yes_no"
    COUNT = "count"
    CHOICE = "choice"


class RuleKind(StrEnum):
    """How a rule leads to its band."""

    ANY_OF = "any_of"
    AT_LEAST_N_OF = "at_least_n_of"
    WEIGHTED_SUM = "weighted_sum"
    BELIEF = "belief"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class RiskItem:
    """One question; its wording by language is the pack's own and no part of a result."""

    code: str
    group: str
    kind: ItemKind
    choices: tuple[str, ...] = ()
    wording: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RiskRule:
    """What leads to a band.

    `group` or `items` name the yes-or-no items of `any_of` and `at_least_n_of`; `at_least` counts their yes, the sum of
    `weights`, or, for `escalation`, the incidents reported within the last `within_days` days.
    """

    kind: RuleKind
    band: Band
    group: str | None = None
    items: tuple[str, ...] = ()
    at_least: int = 1
    weights: Mapping[str, int] = field(default_factory=dict)
    within_days: int = 365


@dataclass(frozen=True, slots=True)
class RiskInstrument:
    """A version of an instrument; `bands` stand from the lowest to the highest.

    With fewer than `least_answered` items answered and no rule met, the result is incomplete and never the lowest band.
    """

    instrument_id: str
    version: str
    items: tuple[RiskItem, ...]
    rules: tuple[RiskRule, ...]
    bands: tuple[Band, ...]
    least_answered: int = 0
    validated: bool = True
    certification_required: bool = False
    result_valid_for: timedelta = timedelta(days=90)
    licensor: str = ""
    licence: str = ""
    languages: tuple[str, ...] = ()

    def item_codes(self, rule: RiskRule) -> tuple[str, ...]:
        """Return the items that a rule looks at."""
        of_group = tuple(item.code for item in self.items if rule.group is not None and item.group == rule.group)
        return of_group + rule.items


@dataclass(frozen=True, slots=True)
class RiskResult:
    """The band that the rules gave, and what led to it."""

    band: Band
    triggered_by: tuple[TriggeredBy, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the rules look at: the answers, the assessor's own belief, and how many days ago incidents were reported."""

    answers: Answers
    belief: bool = False
    incident_days_ago: Sequence[int] = ()


RULE_TRIGGERS: Final = {
    RuleKind.ANY_OF: TriggeredBy.RULE,
    RuleKind.AT_LEAST_N_OF: TriggeredBy.RULE,
    RuleKind.WEIGHTED_SUM: TriggeredBy.RULE,
    RuleKind.BELIEF: TriggeredBy.BELIEF,
    RuleKind.ESCALATION: TriggeredBy.ESCALATION,
}


def check_answers(instrument: RiskInstrument, answers: Iterable[AnsweredItem]) -> dict[str, AnsweredItem]:
    """Return the answers by item; raises `CaseStepNotPossible` for one that the instrument does not ask for so."""
    by_code: dict[str, AnsweredItem] = {}
    items = {item.code: item for item in instrument.items}
    for answer in answers:
        if answer.code not in items:
            raise CaseStepNotPossible("unknown_item")
        if answer.code in by_code:
            raise CaseStepNotPossible("answered_twice")
        if not _is_answer_to(items[answer.code], answer):
            raise CaseStepNotPossible("another_kind_of_answer")
        by_code[answer.code] = answer
    return by_code


def result_of(
    instrument: RiskInstrument, answers: Answers, *, belief: bool = False, incident_days_ago: Sequence[int] = ()
) -> RiskResult:
    """Return the highest band that a rule leads to, with what led to it; else the lowest, if enough was answered."""
    assessed = Assessed(answers, belief, incident_days_ago)
    matching = [rule for rule in instrument.rules if _meets(instrument, rule, assessed)]
    if matching:
        highest = max((rule.band for rule in matching), key=instrument.bands.index)
        causes = {RULE_TRIGGERS[rule.kind] for rule in matching if rule.band is highest}
        return RiskResult(highest, tuple(cause for cause in TriggeredBy if cause in causes))
    answered = sum(_is_answered(answer) for answer in answers.values())
    return RiskResult(Band.INCOMPLETE if answered < instrument.least_answered else instrument.bands[0])


def _is_answer_to(item: RiskItem, answer: AnsweredItem) -> bool:
    if item.kind is ItemKind.YES_NO:
        return answer.answer is not None and answer.count is None and answer.choice is None
    skipped = answer.answer is Answer.SKIPPED and answer.count is None and answer.choice is None
    if item.kind is ItemKind.COUNT:
        return skipped or (answer.count is not None and answer.answer is None and answer.choice is None)
    return skipped or (answer.choice in item.choices and answer.answer is None and answer.count is None)


def _is_answered(answer: AnsweredItem) -> bool:
    return answer.answer in (Answer.YES, Answer.NO) or answer.count is not None or answer.choice is not None


def _meets(instrument: RiskInstrument, rule: RiskRule, assessed: Assessed) -> bool:
    """Tell whether a rule leads to its band."""
    match rule.kind:
        case RuleKind.ANY_OF | RuleKind.AT_LEAST_N_OF:
            replies = (assessed.answers.get(code) for code in instrument.item_codes(rule))
            return sum(reply is not None and reply.answer is Answer.YES for reply in replies) >= rule.at_least
        case RuleKind.WEIGHTED_SUM:
            values = (weight * _value(assessed.answers.get(code)) for code, weight in rule.weights.items())
            return sum(values) >= rule.at_least
        case RuleKind.BELIEF:
            return assessed.belief
        case RuleKind.ESCALATION:
            return sum(days <= rule.within_days for days in assessed.incident_days_ago) >= rule.at_least


def _value(answer: AnsweredItem | None) -> int:
    if answer is None:
        return 0
    return answer.count if answer.count is not None else int(answer.answer is Answer.YES)
