import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import taxonomy
from schemas.categories import DataCategory
from schemas.taxonomy import ALL, FIELDS, TAXONOMY_VERSION, bit, categories_of, category_mask, mask_of, paths_of

masks = st.integers(min_value=0, max_value=ALL)


def test_no_field_is_listed_twice() -> None:
    assert len(set(FIELDS)) == len(FIELDS)


def test_every_field_has_a_category_and_every_category_a_field() -> None:
    assert {path.partition(".")[0] for path in FIELDS} == {category.value for category in DataCategory}


def test_the_version_of_now_counts_every_field() -> None:
    assert taxonomy._FIELDS_IN_VERSION[TAXONOMY_VERSION] == len(FIELDS)


def test_the_categories_cover_everything_and_do_not_overlap() -> None:
    parts = [category_mask(category) for category in DataCategory]

    assert sum(parts) == ALL


def test_a_grant_never_covers_a_field_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxonomy, "_FIELDS_IN_VERSION", {1: len(FIELDS) - 1, 2: len(FIELDS)})
    category_mask.cache_clear()

    before, after = category_mask(DataCategory.REFERRAL_STATUS, 1), category_mask(DataCategory.REFERRAL_STATUS, 2)

    category_mask.cache_clear()
    assert after & ~before == bit(FIELDS[-1])


def test_a_version_that_nobody_knows_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        category_mask(DataCategory.NEEDS, TAXONOMY_VERSION + 1)


@pytest.mark.parametrize("path", ["identity", "identity.", "identity.shoe_size", "needs.given_name", ""])
def test_a_path_that_is_not_listed_has_no_bit(path: str) -> None:
    with pytest.raises(KeyError):
        bit(path)
    with pytest.raises(KeyError):
        mask_of([FIELDS[0], path])


@given(masks)
def test_a_mask_and_its_paths_say_the_same(mask: int) -> None:
    assert mask_of(paths_of(mask)) == mask


@given(masks)
def test_a_mask_is_of_the_categories_of_its_paths_in_their_order(mask: int) -> None:
    named = {path.partition(".")[0] for path in paths_of(mask)}

    assert categories_of(mask) == tuple(category for category in DataCategory if category in named)
