"""Attacks: how long a stop takes while somebody does the worst that one token, or none, allows

A running town, one advocate who records stops one after the other, each on a connection of its own, and beside her the
attackers of `tests/adversary`, one after the other, each a process of its own on the same two cores. A stop that is
refused is sent again, and its time goes on. The baseline is the same stop at rest, before each attack.

What is left of the time under attack is CPU: the attacker's process, PostgreSQL and the processes that refuse share two
cores with the one that takes stops, whose places and connections are kept (ADR 0032).
"""

from __future__ import annotations

import time
from typing import Final

import httpx

from benchmarks.measurement import Goal, Measured, keep, measured_text
from benchmarks.setup import a_folder
from tests.adversary.attacks import ATTACKS
from tests.adversary.stopper import Stopper, attacked
from tests.support.rounds import rounds
from tests.support.shared_towns import a_town_of_its_own

AT_REST: Final = rounds(30, 100)  # stops before each attack
UNDER_ATTACK: Final = rounds(100, 400)
WITHIN: Final = Goal(1_000, at_most=True)


def stopped(stopper: Stopper, name: str, count: int) -> Measured:
    """Return how long so many stops took."""
    began = time.perf_counter()
    took = stopper.stops(count)
    return Measured(name, rates=[count / (time.perf_counter() - began)], took=took)


def main() -> None:
    """Measure stops under each attack, and at rest before it."""
    with (
        a_folder() as folder,
        a_town_of_its_own(folder) as started,
        httpx.Client(timeout=30, trust_env=False) as client,
    ):
        stopper = Stopper.beginning(started.town, client)
        stopper.stops(20)
        for name in ATTACKS:
            at_rest = stopped(stopper, "at rest", AT_REST)
            with attacked(started.town, name):
                under = stopped(stopper, "under attack", UNDER_ATTACK)
            keep_figures(name, at_rest, under)


def keep_figures(name: str, at_rest: Measured, under: Measured) -> None:
    """Keep how long a stop took under an attack, at most and against the stop at rest."""
    compared = {candidate.name: measured_text(candidate) for candidate in (under, at_rest)}
    keep("attacks", f"p99 of a stop under {name}", under.percentile(99), "ms", WITHIN, 0.0, compared)
    value = under.percentile(50) / at_rest.percentile(50)
    keep("attacks", f"a stop under {name}", value, "x its p50 at rest", None, 0.0, compared)


if __name__ == "__main__":
    main()
