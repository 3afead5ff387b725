"""The referrals of a plan: 110 that were sent and taken to their states, and ten that were only logged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from devstack.town_life.parties import ANSWERING, CaseParties, shuffled
from devstack.town_life.releases import PURPOSES
from devstack.town_life.steps import PlannedReferral
from schemas.codes import (
    DeclineReason,
    OutcomeCode,
    Priority,
    ReferralKind,
    ReferralMode,
    ReferralState,
    ServiceCode,
    WithdrawReason,
)

LIVE: Final = {
    ReferralState.SENT: 18,
    ReferralState.NEEDS_INFO: 12,
    ReferralState.ACCEPTED: 18,
    ReferralState.IN_PROGRESS: 16,
    ReferralState.DECLINED: 12,
    ReferralState.WITHDRAWN: 9,
    ReferralState.COULD_NOT_CONTACT: 8,
    ReferralState.COMPLETED: 16,
}  # and one more is withdrawn, as its release is stopped
LOGGED: Final = {ReferralState.SENT: 8, ReferralState.WITHDRAWN: 2}
ON_SCENE: Final = 4  # of those that nobody has answered: they are overdue a quarter of an hour after the demo began
SERVICES: Final = {
    "harbor-house": (ServiceCode.SHELTER, ServiceCode.HOUSING, ServiceCode.TRANSPORT, ServiceCode.PRACTICAL_ITEMS),
    "bay-hotline": (ServiceCode.ADVOCACY, ServiceCode.CHILD_PROTECTION),
    "lantern-counselling": (ServiceCode.COUNSELLING, ServiceCode.GROUP_SUPPORT),
    "riverside-legal": (ServiceCode.LEGAL_AID, ServiceCode.IMMIGRATION, ServiceCode.COMPENSATION),
    "st-anne-hospital": (ServiceCode.MEDICAL, ServiceCode.FORENSIC_EXAM),
    "county-sheriff": (ServiceCode.POLICE,),
}
PRIORITIES: Final = (Priority.URGENT, Priority.SOON, Priority.DAY, Priority.ROUTINE)
# A match is found by a machine, and a release ends by itself: no person gives these two for a reason.
DECLINED: Final = tuple(reason for reason in DeclineReason if reason is not DeclineReason.CONFLICT_OF_INTEREST)
CALLED_BACK: Final = tuple(reason for reason in WithdrawReason if reason is not WithdrawReason.CONSENT_ENDED)
LOGGED_BESIDE_LIVE: Final = 3


def draw_referrals(rng: Random, parties: Sequence[CaseParties], stopped: int) -> dict[int, list[PlannedReferral]]:
    """Return the referrals of each case, by its number; the first of the case `stopped` ends with its release."""
    slots = [(number, receiver) for number, entry in enumerate(parties) for receiver in entry.receivers]
    states: list[ReferralState | None] = [*shuffled(rng, LIVE)]
    states.insert(slots.index((stopped, parties[stopped].receivers[0])), None)
    waiting = [slot for slot, state in zip(slots, states, strict=True) if state is ReferralState.SENT]
    on_scene = set(waiting[:ON_SCENE])
    planned: dict[int, list[PlannedReferral]] = {number: [] for number in range(len(parties))}
    for slot, state in zip(slots, states, strict=True):
        planned[slot[0]].append(_live(rng, slot[1], state, on_scene=slot in on_scene))
    for number, logged in zip(_cases_with_logged(parties), shuffled(rng, LOGGED), strict=True):
        planned[number].append(_logged(rng, parties[number].others[0], logged))
    return _shared_out(planned)


def _shared_out(planned: dict[int, list[PlannedReferral]]) -> dict[int, list[PlannedReferral]]:
    """Return the referrals with who answers each, in turn; half of those that nobody replied to are nobody's yet."""
    turns = Counter[str]()
    waiting = Counter[str]()
    for referrals in planned.values():
        for place, referral in enumerate(referrals):
            if referral.mode is ReferralMode.LOGGED or referral.state is ReferralState.WITHDRAWN:
                continue
            waiting[referral.receiver] += referral.state is ReferralState.SENT
            if referral.state is ReferralState.SENT and waiting[referral.receiver] % 2:
                continue
            people = ANSWERING[referral.receiver]
            person = people[turns[referral.receiver] % len(people)]
            turns[referral.receiver] += 1
            referrals[place] = replace(referral, answered_by=person)
    return planned


def _cases_with_logged(parties: Sequence[CaseParties]) -> list[int]:
    local = [number for number, entry in enumerate(parties) if not entry.receivers]
    beside = [number for number, entry in enumerate(parties) if entry.receivers]
    return local + beside[:LOGGED_BESIDE_LIVE]


def _live(rng: Random, receiver: str, state: ReferralState | None, *, on_scene: bool) -> PlannedReferral:
    """Return a referral that is sent; without a state of its own it ends as its release does."""
    return PlannedReferral(
        receiver=receiver,
        state=state or ReferralState.WITHDRAWN,
        mode=ReferralMode.LIVE,
        kind=ReferralKind.CONFERENCE_ACTION if receiver == "county-sheriff" else ReferralKind.SERVICE,
        purpose=PURPOSES[receiver],
        service=rng.choice(SERVICES[receiver]),
        priority=Priority.ON_SCENE if on_scene else rng.choice(PRIORITIES),
        reason=WithdrawReason.CONSENT_ENDED if state is None else _reason(rng, state),
        outcome=rng.choice(tuple(OutcomeCode)) if state is ReferralState.COMPLETED else None,
    )


def _logged(rng: Random, receiver: str, state: ReferralState) -> PlannedReferral:
    """Return a referral that is logged and sent to nobody: the survivor was told of it."""
    return PlannedReferral(
        receiver=receiver,
        state=state,
        mode=ReferralMode.LOGGED,
        kind=ReferralKind.SERVICE,
        purpose=None,
        service=rng.choice(SERVICES[receiver]),
        priority=Priority.ROUTINE,
        reason=_reason(rng, state),
    )


def _reason(rng: Random, state: ReferralState) -> DeclineReason | WithdrawReason | None:
    if state is ReferralState.DECLINED:
        return rng.choice(DECLINED)
    return rng.choice(CALLED_BACK) if state is ReferralState.WITHDRAWN else None
