"""Who takes part in each case: who opened it, what the survivor chose, and to whom they are referred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from devstack.seed_data import PEOPLE
from schemas.codes import Participation

# Who opened how many cases, and what the survivors answered: forty each.
AUTHORS: Final = {"ana": 14, "mia": 4, "sam": 5, "lee": 6, "kim": 3, "noor": 2, "jude": 2, "dr-lin": 4}
PARTICIPATION: Final = {Participation.YES: 33, Participation.NO: 5, Participation.NOT_ASKED: 2}
REFERRED_TO: Final = {3: 22, 4: 11}  # agencies in a case that takes part: 110 in all
HOMES: Final = {member.person_ref: member.agency_id for member in PEOPLE}
# Who answers for an agency; a case is referred to the first of them that is not its own, and to others.
RECEIVERS: Final = {
    "harbor-house": "sam",
    "bay-hotline": "mia",
    "lantern-counselling": "noor",
    "riverside-legal": "jude",
    "st-anne-hospital": "dr-lin",
    "county-sheriff": "lee",
}
# Who shares the answering at an agency where several work; elsewhere it is whoever answers for it.
ANSWERING: Final = {agency: (person,) for agency, person in RECEIVERS.items()} | {
    "bay-hotline": ("mia", "ana"),
    "county-sheriff": ("lee", "kim"),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaseParties:
    """Who opened a case, whether the survivor takes part, and to whom they are referred."""

    author: str
    participation: Participation
    receivers: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[str, ...]:
        """Return the agencies that could have been named, and were not."""
        return tuple(agency for agency in RECEIVERS if agency not in (*self.receivers, HOMES[self.author]))


def draw_parties(rng: Random) -> tuple[CaseParties, ...]:
    """Return the parties of every case."""
    authors, choices = shuffled(rng, AUTHORS), shuffled(rng, PARTICIPATION)
    counts = iter(shuffled(rng, REFERRED_TO))
    return tuple(
        CaseParties(author, choice, _receivers(rng, HOMES[author], next(counts)))
        if choice is Participation.YES
        else CaseParties(author, choice)
        for author, choice in zip(authors, choices, strict=True)
    )


def shuffled(rng: Random, counts: Mapping[T, int]) -> list[T]:
    """Return each key as often as `counts` says, in an order that is drawn."""
    entries = [key for key, count in counts.items() for _ in range(count)]
    rng.shuffle(entries)
    return entries


def _receivers(rng: Random, home: str, count: int) -> tuple[str, ...]:
    first, *others = (agency for agency in RECEIVERS if agency != home)
    return (first, *rng.sample(others, count - 1))
