"""The test that tells times apart, on samples of which it is known whether they differ."""

import random

from tests.leaks.timing_test import distance, likelihood


def drawn(size: int, shift: float = 0.0, seed: int = 7) -> list[float]:
    chance = random.Random(seed)  # noqa: S311 - to be had again
    return [chance.gauss(5.0, 0.5) + shift for _ in range(size)]


def test_the_distance_is_of_the_two_distributions() -> None:
    assert distance([1, 2, 3, 4], [1, 2, 3, 4]) == 0
    assert distance([1, 2], [3, 4]) == 1
    assert distance([1, 2, 3, 4], [2.5, 3, 4, 5]) == 0.5


def test_the_likelihood_is_that_of_the_tables() -> None:
    """The critical distance of two samples of 1,000 at 0.05 is 1.358 times the square root of 2 / 1,000."""
    sample = [float(value) for value in range(1000)]

    at_the_edge = likelihood(sample, [value + 0.5 + 60.7 for value in sample])

    assert 0.03 < at_the_edge < 0.06


def test_samples_of_one_distribution_are_not_told_apart() -> None:
    p_values = [likelihood(drawn(400, seed=number), drawn(400, seed=number + 1000)) for number in range(200)]

    assert sum(p < 0.01 for p in p_values) <= 8
    assert sum(p < 0.5 for p in p_values) > 60


def test_samples_that_differ_by_little_are_told_apart() -> None:
    assert likelihood(drawn(400), drawn(400, shift=0.3, seed=8)) < 0.001
    assert likelihood(drawn(5000), drawn(5000, shift=0.05, seed=8)) < 0.001
