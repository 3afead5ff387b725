"""Whether a signature opens more than stood before: then one person's record of it is not enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from schemas.codes import DirectiveState
from services.consent.domain.draft_context import DraftContext
from services.consent.domain.provision import UNSAID, Provision, is_narrower, same_way, takes_away

# ADR 0029: to give back what somebody ended of late opens more than stood before, as a wider release does.
REMEMBERED: Final = timedelta(days=30)
# ADR 0029: an advocate alone at night can record all purposes that were signed on one paper.
ONE_SIGNING: Final = timedelta(hours=1)
_OF_ONE_SIGNING: Final = ("document_ref", "explained_by", "text_version", "language", "recorded_by")


def widens(signed: Provision, context: DraftContext) -> bool:
    """Tell whether a permit opens more than its recipient has of this custodian, or had until a stop of late.

    A first grant does not; nor does what is signed for another purpose on the same paper and recorded within the hour;
    nor what is merely narrower than a permit in force; nor what follows one that ran out by itself.
    """
    return opens_more(signed, context.standing, context.at)


def opens_more(permit: Provision, standing: Iterable[Provision], at: datetime) -> bool:
    """Tell whether a permit opens more than stands, by the rule of `widens`; of a draft, if it is signed by itself."""
    directive = permit.directive
    others = [
        provision
        for provision in standing
        if provision.permits
        and provision.ref != permit.ref
        and (provision.directive.custodian, provision.directive.recipient) == (directive.custodian, directive.recipient)
    ]
    active = [provision for provision in others if provision.state_at(at) is DirectiveState.ACTIVE]
    if any(is_narrower(permit, provision) for provision in active):
        return False
    before = [provision for provision in active if not _of_one_signing(permit, provision, at)]
    return bool(before) or any(_ended_of_late(provision, others, at) for provision in others)


def _of_one_signing(signed: Provision, other: Provision, at: datetime) -> bool:
    """Tell whether `other` was granted alone, for another purpose, on the very paper that evidences `signed`."""
    evidence, other_evidence = signed.evidence or {}, other.evidence or {}
    recorded = other_evidence.get("recorded_at")
    apart = same_way(signed, other) or "confirmed_by" in other_evidence or signed.signed_at != other.signed_at
    if apart or recorded is None or evidence.get("document_ref") is None:
        return False
    within = at - datetime.fromisoformat(recorded) <= ONE_SIGNING
    return within and all(evidence.get(name) == other_evidence.get(name) for name in _OF_ONE_SIGNING)


def _ended_of_late(provision: Provision, others: Collection[Provision], at: datetime) -> bool:
    """Tell whether `provision` was ended, or narrowed, by somebody's word within the last days."""
    since = at - REMEMBERED
    if provision.state is DirectiveState.REVOKED:
        return provision.revoked_at is None or provision.revoked_at > since
    if provision.state is not DirectiveState.SUPERSEDED:
        return False
    followed = [other for other in others if other.supersedes_ref == provision.ref and other.state not in UNSAID]
    return any(takes_away(other, provision) and other.directive.valid_from > since for other in followed)
