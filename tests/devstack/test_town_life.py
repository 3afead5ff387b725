"""The plan of a town's life, before anybody carries it out: how much there is of what, and who it is about."""

import re
from collections import Counter
from dataclasses import fields

import pytest

from devstack.town_life import words
from devstack.town_life.parties import HOMES
from devstack.town_life.plan import SEED, plan
from devstack.town_life.steps import PlannedCase, PlannedReferral, PlannedRelease, ReleaseFate
from schemas.categories import DataCategory
from schemas.codes import (
    OrderStatus,
    Participation,
    Priority,
    ReferralKind,
    ReferralMode,
    ReferralState,
    WithdrawReason,
)

PROMISED = {
    ReferralState.SENT: 26,
    ReferralState.NEEDS_INFO: 12,
    ReferralState.ACCEPTED: 18,
    ReferralState.IN_PROGRESS: 16,
    ReferralState.DECLINED: 12,
    ReferralState.WITHDRAWN: 12,
    ReferralState.COULD_NOT_CONTACT: 8,
    ReferralState.COMPLETED: 16,
}
SEEDS = pytest.mark.parametrize("seed", [SEED, 1, 2, 3, 4, 5])


def referrals(cases: tuple[PlannedCase, ...]) -> list[PlannedReferral]:
    return [referral for case in cases for referral in case.referrals]


def releases(cases: tuple[PlannedCase, ...]) -> list[PlannedRelease]:
    return [release for case in cases for release in case.releases]


@SEEDS
def test_forty_cases_have_120_referrals_in_every_state(seed: int) -> None:
    cases = plan(seed)

    assert len(cases) == 40
    assert Counter(referral.state for referral in referrals(cases)) == PROMISED
    assert set(PROMISED) == set(ReferralState) - {ReferralState.DRAFT}
    assert Counter(referral.mode for referral in referrals(cases)) == {ReferralMode.LIVE: 110, ReferralMode.LOGGED: 10}
    assert [referral.reason for referral in referrals(cases)].count(WithdrawReason.CONSENT_ENDED) == 1


def test_the_same_seed_is_the_same_plan_and_another_is_not() -> None:
    assert plan(SEED) == plan(SEED)
    assert plan(SEED) != plan(SEED + 1)


@SEEDS
def test_a_referral_is_sent_under_a_release_of_its_case(seed: int) -> None:
    signed = (ReleaseFate.SIGNED, ReleaseFate.STOPPED)
    for case in plan(seed):
        named = {
            (release.recipient, release.purpose)
            for release in case.releases
            if release.fate in signed and DataCategory.REFERRAL_STATUS in release.categories
        }
        live = {(sent.receiver, sent.purpose) for sent in case.referrals if sent.mode is ReferralMode.LIVE}
        assert live <= named
        assert HOMES[case.author] not in {referral.receiver for referral in case.referrals}
        assert not case.releases or case.participation is Participation.YES


@SEEDS
def test_referrals_are_shared_out_and_some_are_nobodys(seed: int) -> None:
    live = [referral for referral in referrals(plan(seed)) if referral.mode is ReferralMode.LIVE]
    shared = Counter(referral.answered_by for referral in live if referral.receiver == "bay-hotline")

    assert abs(shared["ana"] - shared["mia"]) <= 1 <= min(shared["ana"], shared["mia"])
    assert {HOMES[person] for person in shared if person} == {"bay-hotline"}
    assert 5 <= sum(referral.answered_by is None for referral in live if referral.state is ReferralState.SENT) <= 13


@SEEDS
def test_releases_of_every_fate_end_soon_and_later(seed: int) -> None:
    planned = releases(plan(seed))
    days = [release.days for release in planned if release.fate is ReleaseFate.SIGNED]

    assert Counter(release.fate for release in planned).keys() == set(ReleaseFate)
    assert [release.fate for release in planned].count(ReleaseFate.STOPPED) == 1
    assert sum(count < 7 for count in days) >= 15
    assert sum(14 <= count < 90 for count in days) >= 90


@SEEDS
def test_orders_languages_and_priorities_are_all_there(seed: int) -> None:
    cases = plan(seed)
    orders = [order for case in cases for order in case.orders]

    assert {order.status for order in orders} == set(OrderStatus) - {OrderStatus.EXPIRED}
    assert {event for order in orders for event in order.events} > {"served", "failed", "violation", "hearing"}
    assert {case.notes.language for case in cases} == {"en", "es"}
    assert {case.participation for case in cases} == set(Participation)
    assert {referral.priority for referral in referrals(cases)} == set(Priority)
    assert {referral.kind for referral in referrals(cases)} == set(ReferralKind)
    assert {case.notes.plan_versions for case in cases} == {0, 1, 2}


@SEEDS
def test_no_name_or_word_of_a_survivor_could_be_real(seed: int) -> None:
    notes = [case.notes for case in plan(seed)]
    written = {*words.NAMES, *words.TELEPHONES, *words.CODE_WORDS, *words.NICKNAMES, "", "en", "es"}
    written |= {text for texts in (*words.NARRATIVES.values(), *words.GOALS.values()) for text in texts}
    values = [getattr(note, field.name) for note in notes for field in fields(note) if field.name != "channel"]

    assert {value for value in values if isinstance(value, str)} <= written
    assert len({note.name for note in notes}) == len(notes)
    assert all(re.fullmatch(r"555-01\d\d", note.telephone) for note in notes)
