"""What is computed from several fields is open only where each of them is."""

from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import covers, derived
from schemas.taxonomy import ALL, mask_of

masks = st.integers(0, ALL)


@given(masks, masks)
def test_a_computed_value_needs_each_of_its_inputs(mask: int, inputs: int) -> None:
    assert covers(mask, inputs) == (inputs != 0 and inputs & ~mask == 0)


def test_from_no_input_nothing_is_computed() -> None:
    assert not covers(ALL, 0)
    assert derived([]) == 0


def test_one_closed_input_closes_the_result() -> None:
    inputs = mask_of(["incident_summary.injury_level", "medical.strangulation"])

    assert covers(ALL, inputs)
    assert not covers(ALL & ~mask_of(["medical.strangulation"]), inputs)


def test_two_decisions_together_leave_what_both_open() -> None:
    assert derived([0b0110, 0b0011]) == 0b0010
    assert derived(iter([0b0110, 0b1001])) == 0


@given(st.lists(masks, min_size=1, max_size=5))
def test_across_several_decisions_only_what_each_opens_is_left(several: list[int]) -> None:
    left = derived(several)

    assert all(left & ~mask == 0 for mask in several)
    assert all(left >> place & 1 for place in range(ALL.bit_length()) if all(mask >> place & 1 for mask in several))
