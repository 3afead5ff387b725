"""A risk screen was completed."""

from typing import ClassVar

from schemas.categories import RiskAnswers, RiskResult
from schemas.codes import Answer, Band, RiskChange, TriggeredBy
from schemas.facts.categorised import Categorised
from schemas.facts.fact import Fact
from schemas.facts.incident import WeaponsBlock
from schemas.strict_model import NestedModel
from schemas.values import Count, Flag, Instant, Items, Ref, Slug, Text300


class AnsweredItem(NestedModel):
    """The answer to one item; one of the three, by the item's kind."""

    code: Slug
    answer: Answer | None = None
    count: Count | None = None
    choice: Slug | None = None


class Override(NestedModel):
    """A band raised by a person, with the reason."""

    band: Band
    reason: Text300


class RiskBlock(WeaponsBlock):
    """What a person enters when screening."""

    instrument_id: RiskResult[Slug | None] = None
    instrument_version: RiskResult[Slug | None] = None
    override: RiskResult[Override | None] = None
    answers: RiskAnswers[Items[AnsweredItem] | None] = None


class RiskOutcome(Categorised):
    """The result as the instrument's rules gave it; shared without the answers behind it."""

    screen_ref: RiskResult[Ref | None] = None
    validated: RiskResult[Flag | None] = None  # false for our own first screen, and said with every result
    band: RiskResult[Band | None] = None
    triggered_by: RiskResult[Items[TriggeredBy] | None] = None
    change: RiskResult[RiskChange | None] = None
    repeat: RiskResult[Flag | None] = None
    valid_until: RiskResult[Instant | None] = None


class RiskAssessed(Fact, RiskBlock, RiskOutcome):
    """A screen was completed, or its band overridden upward."""

    type: ClassVar[str] = "accord.risk.assessed.v1"

    screen_ref: RiskResult[Ref]
    instrument_id: RiskResult[Slug]
    band: RiskResult[Band]
