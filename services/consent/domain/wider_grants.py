"""Whether a signature opens more than stood before: then one person's record of it is not enough."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from schemas.codes import DirectiveState
from services.consent.domain.draft_context import DraftContext
from services.consent.domain.provision import UNSAID, Provision, is_narrower, same_way, takes_away

REMEMBERED: Final = timedelta(days=30)
ONE_SIGNING: Final = timedelta(hours=1)
_OF_ONE_SIGNING: Final = ("document_ref", "explained_by", "text_version", "language", "recorded_by")


def widens(signed: Provision, scene: DraftContext) -> bool:
    """Tell whether a permit opens more than its recipient has of this custodian, or had until a stop of late.

    A first grant does not; nor does what is signed for another purpose on the same paper and recorded within the hour;
    nor what is merely narrower than a permit in force; nor what follows one that ran out by itself.
    """
    told = signed.directive
    others = [
        one
        for one in scene.standing
        if one.permits
        and one.ref != signed.ref
        and (one.directive.custodian, one.directive.recipient) == (told.custodian, told.recipient)
    ]
    active = [one for one in others if one.state_at(scene.at) is DirectiveState.ACTIVE]
    if any(is_narrower(signed, one) for one in active):
        return False
    before = [one for one in active if not _of_one_signing(signed, one, scene.at)]
    return bool(before) or any(_ended_of_late(one, others, scene.at) for one in others)


def _of_one_signing(signed: Provision, other: Provision, at: datetime) -> bool:
    """Tell whether `other` was granted alone, for another purpose, on the very paper that evidences `signed`."""
    mine, theirs = signed.evidence or {}, other.evidence or {}
    recorded = theirs.get("recorded_at")
    apart = same_way(signed, other) or "confirmed_by" in theirs or signed.signed_at != other.signed_at
    if apart or recorded is None or mine.get("document_ref") is None:
        return False
    within = at - datetime.fromisoformat(recorded) <= ONE_SIGNING
    return within and all(mine.get(name) == theirs.get(name) for name in _OF_ONE_SIGNING)


def _ended_of_late(one: Provision, others: Collection[Provision], at: datetime) -> bool:
    """Tell whether `one` was ended, or something taken from it, by somebody's word within the last days."""
    since = at - REMEMBERED
    if one.state is DirectiveState.REVOKED:
        return one.revoked_at is None or one.revoked_at > since
    if one.state is not DirectiveState.SUPERSEDED:
        return False
    followed = [other for other in others if other.supersedes_ref == one.ref and other.state not in UNSAID]
    return any(takes_away(other, one) and other.directive.valid_from > since for other in followed)
