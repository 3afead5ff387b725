"""Looks at what a service keeps itself: states, codes and instants, by the same decision and with the same leaf."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from kernel.consent import Agency, Request, decide
from kernel.ledger.entry import Act
from runtime import clock
from runtime.database.arrays import uuids
from runtime.database.hot_path import fetch_all
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.disclosure.evaluation import evaluate, is_notice
from runtime.disclosure.openings import SECONDS, offers_of
from runtime.ledger.pending_entries import append
from runtime.register import Snapshot, lock_shared
from runtime.register.directives import Consent
from runtime.register.snapshots import custodians_now
from runtime.register.subjects import consents
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from schemas.registry import is_directive_fact
from schemas.taxonomy import category_mask

# What an agency of a kind does with its own records when its screen names no narrower purpose.
OWN_WORK = {
    AgencyKind.POLICE: Purpose.ORDER_ENFORCEMENT,
    AgencyKind.HOTLINE: Purpose.ADVOCACY,
    AgencyKind.SHELTER: Purpose.ADVOCACY,
    AgencyKind.COUNSELLING: Purpose.COUNSELLING,
    AgencyKind.LEGAL_AID: Purpose.LEGAL_REPRESENTATION,
    AgencyKind.HOSPITAL: Purpose.MEDICAL_CARE,
    AgencyKind.COMMUNITY_PARTNER: Purpose.ADVOCACY,
    AgencyKind.COORDINATION: Purpose.COORDINATION,
}

# Subjects are looked up one by one, by the limit: joined, the server may read all of them instead.
OFFERED_NOW = """
SELECT s.subject_id, s.sv, s.participation, s.deceased, o.message_ref, o.type, o.mask, o.party, o.custodian,
    o.recipient, o.directives, o.fact_ref
FROM carrying.offer AS o CROSS JOIN LATERAL (
    SELECT s.subject_id, s.sv, s.participation, s.deceased_on IS NOT NULL AS deceased
    FROM register.subject AS s WHERE s.subject_id = o.subject_id LIMIT 1
) AS s
WHERE o.message_ref = ANY(%s) AND o.recipient = %s AND o.state <> 'withheld'
"""


class _Offered(NamedTuple):
    """An offer, and what the register says of its subject now."""

    subject_id: int
    sv: int
    participation: str
    deceased: bool
    message_ref: UUID
    type: str
    mask: bytes
    party: bool
    custodian: str
    recipient: str
    directives: Sequence[UUID]
    fact_ref: UUID | None

    @property
    def alike(self) -> tuple[str, bytes, bool]:
        """Return what this message has in common with those of which the same is asked."""
        return self.custodian, self.mask, self.party


class Openable(NamedTuple):
    """A message that could be opened now: the reference of its fact, and for which purposes."""

    fact_ref: UUID | None
    purposes: list[Purpose]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One look: at the case that the custodian knows by `case_ref`, for a purpose, as a party to it or not."""

    case_ref: UUID
    purpose: Purpose | None = None
    party: bool = True


async def read_mask(
    unit: UnitOfWork, case_ref: UUID, categories: Collection[DataCategory], purpose: Purpose | None = None
) -> int:
    """Return the mask of `categories` that consent now lets this person see of a custodian's case.

    The look is on record with the caller's transaction: show nothing before that has committed.
    0 where nothing is permitted and where there is no such case, alike.
    """
    unit.deadline = unit.deadline or clock.monotonic() + SECONDS
    request = ReadRequest(case_ref, purpose)
    subject = await lock_shared(unit.session, case_ref)
    custodian = None if subject is None else subject.case(case_ref)
    if subject is None or custodian is None:
        return 0
    by = await audit_entries.resolve_actor(unit)
    requested_mask = mask_of(categories)
    decision = decide(request_of(unit, request, custodian.agency, requested_mask), subject.table, subject.at)
    stated = purpose_of(unit, request)
    record = audit_entries.decision_entry(
        Act.CONSULTED, by, subject, custodian, decision, stated, None, unit.asker, None, requested_mask
    )
    await append(unit.session, [record])
    return decision.mask


def mask_of(categories: Collection[DataCategory]) -> int:
    """Return the fields of these categories."""
    return sum(category_mask(category) for category in set(categories))


def purpose_of(unit: UnitOfWork, request: ReadRequest) -> Purpose | None:
    """Return the purpose of this request."""
    return stated_or_own(unit, request.purpose)


def stated_or_own(unit: UnitOfWork, purpose: Purpose | None) -> Purpose | None:
    """Return the purpose stated, or what an agency of this kind does with its own records."""
    return purpose or (None if unit.agency.kind is None else OWN_WORK[unit.agency.kind])


def request_of(unit: UnitOfWork, request: ReadRequest, custodian: Agency, requested_mask: int) -> Request:
    """Return this read as the request that the decision takes."""
    return unit.request(custodian, purpose_of(unit, request), requested_mask, request.party)


async def carried_fields(unit: UnitOfWork, message_refs: Collection[UUID], fields: int) -> dict[UUID, int]:
    """Return which of `fields` lie sealed in messages to this agency, as masks; for hosted services' routing only."""
    return {
        offer.message_ref: int.from_bytes(offer.mask, "big") & fields for offer in await offers_of(unit, message_refs)
    }


async def purposes_now(unit: UnitOfWork, message_refs: Collection[UUID]) -> dict[UUID, Openable]:
    """Return for which of the agency's purposes this person could open each message now; one of none is not named.

    Each comes with the reference of its fact, as this agency knows it.

    A list is not a look: no field is released, no lock is taken, and no leaf is left.
    """
    offered = [(offer, list(purposes)) for offer, purposes in await _offers_now(unit, message_refs)]
    return {offer.message_ref: Openable(offer.fact_ref, purposes) for offer, purposes in offered if purposes}


async def count_openable(unit: UnitOfWork, message_refs: Collection[UUID]) -> int:
    """Return how many of these messages `purposes_now` would name; of each, the first purpose that opens it is enough.

    No lock is taken and no leaf is left.
    """
    return sum(any(purposes) for _, purposes in await _offers_now(unit, message_refs))


async def _offers_now(unit: UnitOfWork, message_refs: Collection[UUID]) -> list[tuple[_Offered, Iterator[Purpose]]]:
    """Return each message that is there, with those of the agency's purposes for which this person could open it."""
    rows = await fetch_all(unit.session, OFFERED_NOW, uuids(message_refs), unit.agency_id)
    offered = [_Offered(*row) for row in rows]
    custodians = await custodians_now(unit.session, {offer.custodian for offer in offered})
    compiled = await consents(unit.session, [offer[:4] for offer in offered])
    # Messages of one custodian in the same fields are asked for alike: of thousands, few differ.
    requests = {alike: _requests(unit, custodians[alike[0]][0], *alike[1:]) for alike in {row.alike for row in offered}}
    offers_now = []
    for offer in offered:
        custodian, at = custodians[offer.custodian]
        now = Snapshot(offer.subject_id, custodian, compiled[offer.subject_id], at)
        offers_now.append((offer, _purposes(offer, now, requests[offer.alike])))
    return offers_now


def _requests(unit: UnitOfWork, custodian: Agency, mask: bytes, party: bool) -> dict[Purpose, Request]:
    requested_mask = int.from_bytes(mask, "big")
    return {
        purpose: unit.request(custodian, purpose, requested_mask, party) for purpose in sorted(unit.agency.purposes)
    }


def _purposes(offer: _Offered, now: Snapshot, requests: Mapping[Purpose, Request]) -> Iterator[Purpose]:
    """Yield the purposes of these requests for which the message opens, in their order."""
    for purpose in requests if _opens_unnamed(offer) else _named(offer, now.consent, requests):
        decision = evaluate(offer.type, requests[purpose], now)
        if decision.mask or is_notice(offer, decision, now):
            yield purpose


def _opens_unnamed(offer: _Offered) -> bool:
    """Tell whether a message may open for a purpose that no permit names: an own record, or what is of a directive."""
    return offer.custodian == offer.recipient or is_directive_fact(offer.type)


def _named(offer: _Offered, consent: Consent, requests: Mapping[Purpose, Request]) -> list[Purpose]:
    named = consent.named.get(offer.custodian, {}).get(offer.recipient, frozenset[Purpose]())
    return [purpose for purpose in requests if purpose in named]
