"""Notices: what goes with every opening, and what goes with care for substance use (law R23)."""

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.categories import DataCategory
from services.exchange.domain import TEXTS, DisclosureNotice, notices

categories = st.frozensets(st.sampled_from(DataCategory))


@given(opened=categories)
def test_the_general_notice_goes_with_everything_and_comes_first(opened: Collection[DataCategory]) -> None:
    assert notices(opened)[0] is DisclosureNotice.REDISCLOSURE_PROHIBITED


@given(opened=categories)
def test_only_substance_use_content_carries_the_part_2_notice(opened: Collection[DataCategory]) -> None:
    assert (DisclosureNotice.PART_2 in notices(opened)) == (DataCategory.SUBSTANCE_USE in opened)


@pytest.mark.parametrize("terms", [{"categories": ["needs", "substance_use"]}, {"categories": ["substance_use"]}])
def test_terms_that_name_substance_use_take_the_part_2_notice(terms: dict[str, Any]) -> None:
    assert DisclosureNotice.PART_2 in notices((), terms)


@pytest.mark.parametrize("terms", [None, {}, {"categories": []}, {"categories": ["needs"]}])
def test_terms_that_do_not_name_it_take_the_general_one_alone(terms: dict[str, Any] | None) -> None:
    assert notices((), terms) == (DisclosureNotice.REDISCLOSURE_PROHIBITED,)


def test_every_notice_has_its_words() -> None:
    assert set(TEXTS) == set(DisclosureNotice)
    assert all(TEXTS.values())
