"""Values computed from several fields: open only where each of their inputs is."""

from collections.abc import Iterable


def covers(mask: int, inputs: int) -> bool:
    """Tell whether `mask` opens every one of `inputs`; from no input at all nothing is computed."""
    return bool(inputs) and mask & inputs == inputs


def derived(masks: Iterable[int]) -> int:
    """Return what may be computed across several decisions: only what each of them opens; of none, nothing."""
    left: int | None = None
    for mask in masks:
        left = mask if left is None else left & mask
    return left or 0
