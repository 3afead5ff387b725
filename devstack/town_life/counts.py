"""What a town has now, as its people's own tokens count it through the public API."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx

from devstack.story.speaker import Speaker, Surprise
from devstack.town_life.parties import RECEIVERS
from devstack.town_life.people import AT_ONCE, TownPeople, listed_referrals
from schemas.codes import ReferralState
from schemas.town import Town

# A draft is a state of the contract that no route makes.
STATES: Final = tuple(state for state in ReferralState if state is not ReferralState.DRAFT)
LISTS: Final = {
    "to answer": ("referrals", "/v1/referrals/count?direction=received&state=sent"),
    "questions": ("referrals", "/v1/referrals/count?direction=sent&state=needs_info"),
    "ending in 7 days": ("consent", "/v1/directives/count?ending_within_days=7"),
    "orders to serve": (
        "law_enforcement_bridge",
        "/v1/orders/count?status=temporary&status=final"
        "&service_status=pending&service_status=in_hand&service_status=failed",
    ),
    "messages": ("exchange", "/v1/inbox/count"),
}
FOLLOWED: Final = {
    "to answer": ("referrals", "/v1/referrals/count?direction=followed&state=sent"),
    "questions": ("referrals", "/v1/referrals/count?direction=followed&state=needs_info"),
    "messages": ("exchange", "/v1/inbox/count"),
}
SIGN_INS: Final = {"ana": LISTS, **dict.fromkeys(RECEIVERS.values(), LISTS), "cora": FOLLOWED}


def referral_counts(town: Town) -> dict[ReferralState, int]:
    """Return how many referrals of the town are in each state, one of each sending agency having listed its own."""
    with httpx.Client(timeout=30, trust_env=False) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        people = TownPeople(town, client)
        lists = pool.map(lambda name: listed_referrals(people.named(name), "direction=sent"), RECEIVERS.values())
        states = [row["status"] for rows in lists for row in rows]
    return {state: states.count(state) for state in STATES}


def list_counts(town: Town) -> dict[str, dict[str, int]]:
    """Return what each person finds who has a list: how long it is, by what it holds."""
    with httpx.Client(timeout=30, trust_env=False) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        people = TownPeople(town, client)
        counted = pool.map(lambda name: dict(_lists(people.named(name))), SIGN_INS)
        return dict(zip(SIGN_INS, counted, strict=True))


def _lists(person: Speaker) -> Iterator[tuple[str, int]]:
    for name, (service, path) in SIGN_INS[person.person].items():
        yield name, _count(person, service, path)


def _count(person: Speaker, service: str, path: str) -> int:
    answer = person.does(service, "GET", path)
    if not answer["whole"]:
        raise Surprise(f"{person.person}: a list is too long to be counted")
    return int(answer["count"])
