"""Pairwise references: each agency's own, and no way from one to another."""

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.pairwise import PairwiseIds, pairwise

keys = st.binary(min_size=32, max_size=32)
agencies = st.from_regex(r"[a-z0-9-]{2,40}", fullmatch=True)
refs = st.uuids()

KEY = bytes(range(32))
REF = UUID("6f1c1c5e-4f5c-4f59-9d5c-0c2f6f0f7a11")


@given(keys, agencies, refs)
def test_the_same_thing_has_always_the_same_reference(key: bytes, agency: str, ref: UUID) -> None:
    assert pairwise(key, agency, ref) == pairwise(key, agency, ref)


@given(keys, st.lists(agencies, min_size=2, max_size=2, unique=True), refs)
def test_no_two_agencies_share_a_reference(key: bytes, two: list[str], ref: UUID) -> None:
    assert pairwise(key, two[0], ref) != pairwise(key, two[1], ref)


@given(keys, agencies, st.lists(refs, min_size=2, max_size=2, unique=True))
def test_no_two_things_share_a_reference(key: bytes, agency: str, two: list[UUID]) -> None:
    assert pairwise(key, agency, two[0]) != pairwise(key, agency, two[1])


@given(st.lists(keys, min_size=2, max_size=2, unique=True), agencies, refs)
def test_without_the_case_key_a_reference_cannot_be_found_again(two: list[bytes], agency: str, ref: UUID) -> None:
    assert pairwise(two[0], agency, ref) != pairwise(two[1], agency, ref)


@given(keys, agencies, refs)
def test_a_pairwise_reference_is_a_uuid_other_than_the_original(key: bytes, agency: str, ref: UUID) -> None:
    given_out = pairwise(key, agency, ref)

    assert (given_out.version, given_out.variant) == (8, RFC_4122)
    assert given_out != ref


def test_references_stay_what_they_were_since_agencies_keep_them() -> None:
    assert pairwise(KEY, "harbor-house", REF) == UUID("35740097-7f8a-865e-9337-04c32bce3a3b")


@given(keys, agencies, refs)
def test_a_reference_is_written_as_it_is(key: bytes, agency: str, ref: UUID) -> None:
    assert PairwiseIds(key).as_text(agency, ref) == str(pairwise(key, agency, ref))


def test_the_text_of_a_reference_is_the_uuids_own() -> None:
    assert PairwiseIds(KEY).as_text("harbor-house", REF) == "35740097-7f8a-865e-9337-04c32bce3a3b"


def test_consecutive_things_get_references_in_no_order() -> None:
    given_out = [pairwise(KEY, "harbor-house", UUID(int=number)) for number in range(64)]

    assert given_out != sorted(given_out)
    assert [ref.time_low for ref in given_out] != sorted(ref.time_low for ref in given_out)


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        pairwise(key, "harbor-house", REF)
