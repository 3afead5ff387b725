"""Chance that can be had again: one seed, and a stream of its own for each who draws."""

import random


def chance(seed: int, *about: object) -> random.Random:
    """Return the chance of one who draws, told apart from others by what it is about."""
    return random.Random(" ".join(map(str, (seed, *about))))  # noqa: S311 - moments and choices, no secrets
