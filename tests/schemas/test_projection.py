"""Cut for several at once, a fact says to each what it says when it is cut for that one alone."""

import json
from functools import cache
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.facts import Fact, ReferralCreated
from schemas.facts.projection import FactProjection
from schemas.registry import CONTRACTS
from schemas.taxonomy import ALL
from schemas.values import Rename
from tests.contracts.examples import fact
from tests.support.projection import by_category, carried
from tests.support.rounds import examples, rounds

masks = st.integers(0, ALL)
example_of = cache(fact)


def as_known_to(recipient: UUID) -> Rename:
    return lambda ref: uuid5(recipient, str(ref))


def alone(original: Fact, mask: int, rename: Rename | None) -> object:
    return json.loads(json.dumps(by_category(original, mask, rename)))


@pytest.mark.parametrize("type_name", CONTRACTS)
@settings(max_examples=examples(rounds(60, 1000), unit=5))  # of each of forty facts
@given(st.lists(masks | st.just(ALL), min_size=1, max_size=4))
def test_each_copy_is_what_cutting_for_one_alone_gives(type_name: str, several: list[int]) -> None:
    original = example_of(type_name)
    cutting = FactProjection(original)

    for mask in several:
        for rename in (None, as_known_to(uuid4())):
            parts = {category: json.loads(text) for category, text in cutting.for_mask(mask, rename).items()}
            assert parts == alone(original, mask, rename)


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_it_carries_what_the_fact_carries(type_name: str) -> None:
    original = fact(type_name)

    assert FactProjection(original).carried == carried(original)


def test_no_recipient_reads_the_references_of_another_agency() -> None:
    original = fact(ReferralCreated.type)
    cutting, renamed = FactProjection(original), dict[UUID, UUID]()

    cutting.for_mask(ALL)
    cutting.for_mask(ALL, as_known_to(uuid4()))
    copy = b"".join(cutting.for_mask(ALL, lambda ref: renamed.setdefault(ref, uuid4())).values()).decode()

    assert renamed
    assert not [ref for ref in renamed if str(ref) in copy]
    assert all(str(name) in copy for name in renamed.values())


def test_text_that_would_stand_for_a_reference_is_never_cut() -> None:
    original = fact(ReferralCreated.type).model_copy(update={"given_name": "\0"})

    with pytest.raises(ValueError, match="zip"):
        FactProjection(original).for_mask(ALL)
