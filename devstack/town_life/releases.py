"""The releases of a plan: who may see what and until when, who was refused or denied, and what ends soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from devstack.town_life.parties import CaseParties, shuffled
from devstack.town_life.steps import PlannedRelease, ReleaseFate
from schemas.categories import DataCategory
from schemas.codes import Purpose

FOLLOWED: Final = 14  # cases in which the coordination cell follows the referrals
AWAITING: Final = 2  # a second purpose opens more than stood before, and waits for a second person
ENDING_SOON: Final = {True: 18, False: 92}  # of those that referrals rely on: within the board's seven days or later
UNSIGNED: Final = {ReleaseFate.DENIED: 5, ReleaseFate.REFUSED: 4, ReleaseFate.DRAFT: 3, None: 21}

_STATUS: Final = DataCategory.REFERRAL_STATUS
_WHO: Final = DataCategory.IDENTITY
PURPOSES: Final = {
    "harbor-house": Purpose.SHELTER,
    "bay-hotline": Purpose.ADVOCACY,
    "lantern-counselling": Purpose.COUNSELLING,
    "riverside-legal": Purpose.LEGAL_REPRESENTATION,
    "st-anne-hospital": Purpose.MEDICAL_CARE,
    "county-sheriff": Purpose.CASE_CONFERENCE,
}
# Who, and how the referral stands, in each; the rest is what a survivor may well leave out.
OPTIONAL: Final = {
    "harbor-house": (
        DataCategory.SAFE_CONTACT,
        DataCategory.NEEDS,
        DataCategory.CHILDREN,
        DataCategory.WEAPONS_RISK,
    ),
    "bay-hotline": (DataCategory.SAFE_CONTACT, DataCategory.NEEDS),
    "lantern-counselling": (DataCategory.SAFE_CONTACT, DataCategory.NEEDS, DataCategory.INCIDENT_SUMMARY),
    "riverside-legal": (DataCategory.INCIDENT_SUMMARY, DataCategory.ORDER_TERMS),
    "st-anne-hospital": (DataCategory.NEEDS, DataCategory.MEDICAL),
    "county-sheriff": (DataCategory.INCIDENT_SUMMARY, DataCategory.WEAPONS_RISK),
}
CELL: Final = PlannedRelease("county-cell", ReleaseFate.SIGNED, Purpose.COORDINATION, (_STATUS,), days=60)
WIDER: Final = PlannedRelease(
    "harbor-house", ReleaseFate.AWAITING, Purpose.ADVOCACY, (_WHO, DataCategory.NEEDS), days=30
)


def draw_releases(rng: Random, parties: Sequence[CaseParties], stopped: int) -> dict[int, list[PlannedRelease]]:
    """Return the releases of each case, by its number; the first of the case `stopped` ends while it is used."""
    soon = iter(shuffled(rng, ENDING_SOON))
    fates = iter(shuffled(rng, UNSIGNED))
    planned: dict[int, list[PlannedRelease]] = {}
    for number, entry in enumerate(parties):
        planned[number] = [_signed(rng, receiver, soon=next(soon)) for receiver in entry.receivers]
        if entry.receivers:
            planned[number] += _unsigned(rng, entry.others[0], next(fates))
    first = planned[stopped][0]
    planned[stopped][0] = PlannedRelease(first.recipient, ReleaseFate.STOPPED, first.purpose, first.categories, 45)
    followed = [number for number, entry in enumerate(parties) if entry.receivers][:FOLLOWED]
    for number in followed:
        planned[number].append(CELL)
    for number in list(_of_ana(parties, stopped))[:AWAITING]:
        planned[number].append(WIDER)
    return planned


def _of_ana(parties: Sequence[CaseParties], stopped: int) -> Iterator[int]:
    """Yield the cases that a second person of the hotline could confirm something in."""
    cases = (number for number, entry in enumerate(parties) if entry.author == "ana" and entry.receivers)
    return (number for number in cases if number != stopped)


def _signed(rng: Random, receiver: str, *, soon: bool) -> PlannedRelease:
    days = rng.randint(1, 6) if soon else rng.randint(14, 89)
    return PlannedRelease(receiver, ReleaseFate.SIGNED, PURPOSES[receiver], _categories(rng, receiver), days)


def _unsigned(rng: Random, agency: str, fate: ReleaseFate | None) -> list[PlannedRelease]:
    """Return what was not permitted to an agency that nobody is referred to."""
    if fate is None:
        return []
    if fate is ReleaseFate.DENIED:
        return [PlannedRelease(agency, fate)]
    return [PlannedRelease(agency, fate, PURPOSES[agency], _categories(rng, agency), days=30)]


def _categories(rng: Random, receiver: str) -> tuple[DataCategory, ...]:
    optional = OPTIONAL[receiver]
    return (_WHO, _STATUS, *rng.sample(optional, rng.randint(1, len(optional))))
