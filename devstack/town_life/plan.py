"""A plan from a seed: amounts are fixed, people and choices are drawn.  Nothing is done here."""

from __future__ import annotations

from random import Random
from typing import Final

from devstack.town_life import words
from devstack.town_life.orders import orders_of_cases
from devstack.town_life.parties import CaseParties, draw_parties, shuffled
from devstack.town_life.referrals import draw_referrals
from devstack.town_life.releases import draw_releases
from devstack.town_life.steps import CaseNotes, PlannedCase
from schemas.codes import ReportChannel

SEED: Final = 2525  # one with nearly every state at every agency, and releases of the hotline that end soon
INCIDENTS: Final = {True: 36, False: 4}
PLAN_VERSIONS: Final = {0: 18, 1: 16, 2: 6}
CHANNELS: Final = (ReportChannel.HOTLINE, ReportChannel.WALK_IN, ReportChannel.TEXT_CHAT, ReportChannel.WEB)
LANGUAGES: Final = ("en", "en", "es")


def plan(seed: int = SEED) -> tuple[PlannedCase, ...]:
    """Return forty cases with 120 referrals; how many are in each state is the same for every seed."""
    rng = Random(seed)  # noqa: S311 - it keeps no secret
    parties = draw_parties(rng)
    stopped = _stopped_case(parties)
    referrals = draw_referrals(rng, parties, stopped)
    releases = draw_releases(rng, parties, stopped)
    orders = orders_of_cases([entry.author for entry in parties])
    notes = _draw_notes(rng, len(parties))
    return tuple(
        PlannedCase(
            number=number + 1,
            author=entry.author,
            participation=entry.participation,
            notes=notes[number],
            releases=tuple(releases[number]),
            referrals=tuple(referrals[number]),
            orders=orders[number],
        )
        for number, entry in enumerate(parties)
    )


def _stopped_case(parties: tuple[CaseParties, ...]) -> int:
    """Return the case in which Ana records that a release has ended."""
    return next(number for number, entry in enumerate(parties) if entry.author == "ana" and entry.receivers)


def _draw_notes(rng: Random, cases: int) -> list[CaseNotes]:
    incidents, versions = shuffled(rng, INCIDENTS), shuffled(rng, PLAN_VERSIONS)
    names = rng.sample(words.NAMES, cases)
    return [
        _note(rng, name, _nickname(number), incident=incident, versions=version)
        for number, (name, incident, version) in enumerate(zip(names, incidents, versions, strict=True))
    ]


def _nickname(number: int) -> str:
    """Return what colleagues call a case: of five, one has no nickname."""
    return "" if number % 5 == 4 else words.NICKNAMES[number % len(words.NICKNAMES)]


def _note(rng: Random, name: str, nickname: str, *, incident: bool, versions: int) -> CaseNotes:
    language = rng.choice(LANGUAGES)
    return CaseNotes(
        name=name,
        language=language,
        channel=rng.choice(CHANNELS),
        incident=incident,
        plan_versions=versions,
        children=rng.randrange(4),
        telephone=rng.choice(words.TELEPHONES),
        code_word=rng.choice(words.CODE_WORDS),
        narrative=rng.choice(words.NARRATIVES[language]),
        goal=rng.choice(words.GOALS[language]),
        nickname=nickname,
    )
