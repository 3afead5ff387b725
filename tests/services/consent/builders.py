"""Builders for the rules of consent: what a survivor says, when, before whom, and what stands already."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from schemas.categories import DataCategory
from schemas.codes import DirectiveEffect, DirectiveState, Participation, Purpose, SigningMethod
from services.consent.domain import STRICTEST, DraftContext, Provision, RequestedDirective, Signature, SignerRole, draft
from tests.support.consent import DAY, NOON, TOWN, a_grant

PART2 = {
    "patient_name": "M",
    "discloser": "Lantern",
    "description": "attendance",
    "recipients": ["Bay Hotline"],
    "right_to_revoke": "at any time",
    "how_to_revoke": "tell anybody",
    "expiry": "in 60 days",
    "signature": "M",
    "signed_on": "2026-03-02",
}


def requested(*categories: DataCategory, **terms: Any) -> RequestedDirective:
    """A permit of the hotline to the shelter for sixty days."""
    default: dict[str, Any] = {
        "effect": DirectiveEffect.PERMIT,
        "custodian": "bay-hotline",
        "recipient": "harbor-house",
        "purpose": Purpose.SHELTER,
        "categories": frozenset(categories or {DataCategory.NEEDS}),
        "valid_until": NOON + 60 * DAY,
    }
    return RequestedDirective(**default | terms)


def denied(*categories: DataCategory, **terms: Any) -> RequestedDirective:
    """A denial of the hotline to the shelter, for every purpose."""
    return requested(*categories, **{"effect": DirectiveEffect.DENY, "purpose": None, "valid_until": None, **terms})


def a_context(*standing: Provision, **terms: Any) -> DraftContext:
    """Noon at the hotline that opened the case; the survivor takes part."""
    default: dict[str, Any] = {
        "at": NOON,
        "by_agency": "bay-hotline",
        "by_actor": "ana",
        "by_person": "ana",
        "home_agency": "bay-hotline",
        "participation": Participation.YES,
        "agencies": TOWN,
        "explainers": frozenset({"ana", "mia"}),
        "profile": STRICTEST,
        "texts": {("es", "2026-1"): "0" * 64},
        "standing": standing,
    }
    return DraftContext(**default | terms)


def a_signature(**terms: Any) -> Signature:
    """The survivor's own, written, explained by Ana, at noon."""
    default: dict[str, Any] = {
        "method": SigningMethod.WRITTEN,
        "signed_at": NOON,
        "language": "es",
        "text_version": "2026-1",
        "explained_by": "ana",
        "signer_role": SignerRole.SURVIVOR,
    }
    return Signature(**default | terms)


def a_draft(*categories: DataCategory, context: DraftContext | None = None, **terms: Any) -> Provision:
    return draft(requested(*categories, **terms), context or a_context(), uuid4())


def in_force(*categories: DataCategory, ref: UUID | None = None, **terms: Any) -> Provision:
    """A permit that was signed a day ago; `terms` are a directive's own, or a provision's."""
    own = {name: terms.pop(name) for name in list(terms) if name in Provision.__dataclass_fields__}
    directive = a_grant(*(categories or (DataCategory.NEEDS,)), **terms)
    default: dict[str, Any] = {"drafted_by": "ana", "drafting_agency": "bay-hotline", "drafted_at": NOON - DAY}
    provision = Provision(directive=directive, version=2, signed_at=NOON - DAY, **default | own)
    return provision if ref is None else replace(provision, directive=replace(directive, directive_ref=ref))


def as_state(provision: Provision, state: DirectiveState) -> Provision:
    return replace(provision, directive=replace(provision.directive, state=state))


def directives(provisions: Iterable[Provision]) -> list[Any]:
    return [provision.directive for provision in provisions]


def after(days: float) -> Any:
    return NOON + timedelta(days=days)
