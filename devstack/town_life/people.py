"""Everybody of the town at their own systems, by one client of HTTP that keeps its connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from devstack.story.speaker import Speaker, Surprise
from devstack.town_life.parties import HOMES
from devstack.town_life.releases import PURPOSES
from schemas.codes import Purpose
from schemas.town import Town

AT_ONCE: Final = 4  # half of what one client may ask of a service at a time


@dataclass
class TownPeople:
    """Everybody who has a part in the plan, each with a token of their own."""

    town: Town
    client: httpx.Client = field(repr=False)
    speakers: dict[str, Speaker] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make a speaker of each; the purpose is what the person's agency opens for."""
        purposes = {person: PURPOSES.get(agency, Purpose.COORDINATION) for person, agency in HOMES.items()}
        self.speakers = {name: Speaker(self.town, name, purpose, self.client) for name, purpose in purposes.items()}

    def named(self, person: str) -> Speaker:
        """Return the speaker of that name."""
        return self.speakers[person]


def listed_referrals(person: Speaker, query: str) -> list[dict[str, Any]]:
    """Return all referrals that a person is shown for `query`, page by page; raises `Surprise` where it is refused."""
    referrals: list[dict[str, Any]] = []
    following = f"?{query}&limit=200"
    while following:
        answer = person.ask("referrals", "GET", f"/v1/referrals{following}")
        if answer.status_code != 200:
            raise Surprise(f"{person.person}: the list of referrals was answered {answer.status_code}")
        referrals += answer.json()["referrals"]
        following = answer.links.get("next", {}).get("url", "")
    return referrals
