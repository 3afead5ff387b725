"""The opening door: decide with the consent of now, write the look, commit, and only then decrypt.

The store releases the field in the step that reads the version: of the protocols that were model-checked, this
is the one that is safe and live with a dead holder.  Keys are used only after the commit returned, so a holder
that was evicted fails its commit and decrypts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.consent import Decision
from kernel.ledger.entry import Act
from kernel.ledger.merkle import leaf_hash
from kernel.pairwise import pairwise
from kernel.sealing.detail import Details
from kernel.sealing.envelope import Sealed
from kernel.sealing.keys import unwrap
from runtime import clock, failpoints
from runtime.database.arrays import uuids
from runtime.database.hot_path import fetch_all
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.disclosure.decryption import fields_of, terms_of
from runtime.disclosure.evaluation import evaluate, is_notice
from runtime.ledger.pending_entries import Leaf, append
from runtime.register import CaseOf, Subject, database_now, subjects_of
from runtime.register.cases import key_context
from runtime.telemetry.tracing import link
from schemas.categories import DataCategory
from schemas.codes import Basis, Purpose
from schemas.registry import contract_mask, is_directive_fact

SECONDS = 5.0  # from the question to the answer; what was decrypted or would be sent later than that is dropped
OFFERS = """
SELECT message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, wrapped_key, fact_ref, occurred_at,
    directives, traceparent
FROM carrying.offer WHERE message_ref = ANY(%s) AND recipient = %s AND state <> 'withheld'
"""
# One round trip.  The offers are read before the locks are held, the consent after: the function reads by a snapshot of
# its own.
HOLD_OFFERED = f"""
WITH offered AS MATERIALIZED ({OFFERS})
SELECT offered.*, held.* FROM offered
JOIN register.hold_subjects(ARRAY(SELECT subject_id FROM offered)) AS held ON held.subject_id = offered.subject_id
"""  # noqa: S608 - statements of our own


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer to the agency that asks, as it is on record."""

    message_ref: UUID
    subject_id: int
    custodian: str
    recipient: str
    case_ref: UUID
    type: str
    mask: bytes
    party: bool
    wrapped_key: bytes = field(repr=False)
    fact_ref: UUID
    occurred_at: datetime
    directives: Sequence[UUID]
    traceparent: str | None = field(repr=False)

    @property
    def case(self) -> tuple[int, str]:
        """Return whose case it is of, and in whose custody."""
        return self.subject_id, self.custodian


class TooLate(Exception):
    """The opening took longer than its deadline; its look is on record and nothing of it is shown."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What one person may see of one message, by category, with the scope of the permission."""

    message_ref: UUID
    fact_ref: UUID
    type: str
    case_ref: UUID
    sender: str
    occurred_at: datetime
    purpose: Purpose
    categories: Mapping[DataCategory, Mapping[str, Any]] = field(repr=False)
    terms: Mapping[str, Any] | None = field(repr=False)
    directives: tuple[UUID, ...]
    basis: Basis | None
    until: datetime | None
    leaf: bytes  # its look on record: the hash, as it will be in the ledger's tree
    at: datetime  # when the look was put on record


@dataclass(frozen=True, slots=True)
class _Released:
    sealed: Sealed
    offer: Offer
    decision: Decision
    subject: Subject
    custodian: CaseOf
    available_mask: int  # fields there were to see: those in the copy, and those of the contract that consent closes


async def open(unit: UnitOfWork, messages: Sequence[Sealed], purpose: Purpose, only: int = -1) -> list[Opening]:
    """Return what consent now lets this person see, the look being on record; it ends the unit.

    Messages that are absent, not permitted or of another agency are left out, each with its refusal on record; so
    is one whose body was changed on its way.
    `only` narrows what is asked for (a mask of fields).  Raises `TooLate` past the deadline.
    """
    unit.deadline = clock.monotonic() + SECONDS
    by = await audit_entries.resolve_actor(unit)
    offers, subjects = await _lock_offers(unit, [sealed.message_ref for sealed in messages])
    link(offer.traceparent for offer in offers.values())
    keys = await _case_keys(unit, offers.values(), subjects)  # under which the leaves are closed
    at: datetime | None = None
    record: list[Leaf] = []
    released: list[tuple[_Released, Leaf]] = []
    for sealed in messages:
        offer = offers.get(sealed.message_ref)
        if offer is None or sealed.type != offer.type:
            at = at or await database_now(unit.session)
            record.append(audit_entries.unknown_entry(by, at, purpose, {"message_ref": str(sealed.message_ref)}))
            continue
        candidate = _decide(unit, sealed, offer, subjects[offer.subject_id], purpose, only)
        record.append(_leaf(unit, candidate, by, purpose, Details(keys[candidate.offer.case])))
        if candidate.decision.mask or is_notice(candidate.offer, candidate.decision, candidate.subject):
            released.append((candidate, record[-1]))
    await append(unit.session, record)
    failpoints.hit("opening.before_commit")
    await unit.session.commit()  # no record, no look: nothing is decrypted above this line
    failpoints.hit("opening.after_commit")
    unit.ended = True
    keys = await _case_keys(unit, [candidate.offer for candidate, _ in released], subjects)
    opened = [_unsealed(unit, candidate, purpose, keys[candidate.offer.case], leaf) for candidate, leaf in released]
    if clock.monotonic() > unit.deadline:
        raise TooLate
    openings = [opening for opening in opened if opening.categories or opening.terms is not None]
    unit.refused = len(openings) < len(messages)
    return openings


async def offers_of(unit: UnitOfWork, message_refs: Collection[UUID]) -> list[Offer]:
    """Return the offers behind these references that are the unit's agency's, and were not withheld."""
    return [Offer(*row) for row in await fetch_all(unit.session, OFFERS, uuids(message_refs), unit.agency_id)]


async def _lock_offers(
    unit: UnitOfWork, message_refs: Collection[UUID]
) -> tuple[dict[UUID, Offer], dict[int, Subject]]:
    """Return the offers as `offers_of` does, and their subjects with the locks held shared, taken in one order."""
    rows = await fetch_all(unit.session, HOLD_OFFERED, uuids(message_refs), unit.agency_id)
    width = len(fields(Offer))
    offers = [Offer(*row[:width]) for row in rows]
    subjects = await subjects_of(unit.session, [row[width:] for row in rows])
    return {offer.message_ref: offer for offer in offers}, subjects


async def _case_keys(
    unit: UnitOfWork, offers: Iterable[Offer], subjects: Mapping[int, Subject]
) -> dict[tuple[int, str], bytes]:
    """Return the keys of these offers' cases, each asked for once: a keyring may be a network away."""
    keys = {}
    for subject_id, agency_id in {offer.case for offer in offers}:
        wrapped = subjects[subject_id].cases[agency_id].wrapped_key
        if wrapped is None:
            raise LookupError("an offer of a case without a key")
        context = key_context(subject_id, agency_id)
        keys[subject_id, agency_id] = await unit.keys.unwrap(agency_id, wrapped, context)
    return keys


def _decide(unit: UnitOfWork, sealed: Sealed, offer: Offer, subject: Subject, purpose: Purpose, only: int) -> _Released:
    custodian = subject.cases[offer.custodian]
    requested_mask = int.from_bytes(offer.mask, "big") & only
    decision = evaluate(offer.type, unit.request(custodian.agency, purpose, requested_mask, offer.party), subject)
    copy = int.from_bytes(offer.mask, "big")
    if not decision.mask or decision.basis is Basis.OWN_RECORD:
        return _Released(sealed, offer, decision, subject, custodian, copy)
    carried = contract_mask(offer.type)
    granted = evaluate(offer.type, unit.request(custodian.agency, purpose, carried, offer.party), subject).mask
    return _Released(sealed, offer, decision, subject, custodian, copy | carried & ~granted)


def _leaf(
    unit: UnitOfWork, candidate: _Released, by: audit_entries.ActorPseudonyms, purpose: Purpose, details: Details
) -> Leaf:
    detail = {"message_ref": str(candidate.sealed.message_ref)} | unit.asker
    if is_notice(candidate.offer, candidate.decision, candidate.subject):
        return audit_entries.act_entry(
            Act.OPENED,
            by,
            candidate.subject,
            custodian=candidate.custodian,
            purpose=purpose,
            type_name=candidate.offer.type,
            detail=detail,
            details=details,
        )
    return audit_entries.decision_entry(
        Act.OPENED,
        by,
        candidate.subject,
        candidate.custodian,
        candidate.decision,
        purpose,
        candidate.offer.type,
        detail,
        details,
        candidate.available_mask,
    )


def _unsealed(unit: UnitOfWork, released: _Released, purpose: Purpose, case_key: bytes, look: Leaf) -> Opening:
    message_key = unwrap(case_key, released.offer.wrapped_key, released.sealed.message_ref.bytes)
    is_directive = is_directive_fact(released.offer.type)
    sealed = Sealed(
        released.sealed.message_ref,
        released.offer.recipient,
        released.offer.type,
        released.decision.mask,
        released.sealed.body,
    )
    own = released.offer.custodian == unit.agency_id
    named = released.decision.relied_on
    return Opening(
        message_ref=released.sealed.message_ref,
        fact_ref=released.offer.fact_ref,
        type=released.offer.type,
        case_ref=released.offer.case_ref,
        sender=released.offer.custodian,
        occurred_at=released.offer.occurred_at,
        purpose=purpose,
        categories={} if is_directive else fields_of(sealed, released.decision.mask, message_key) or {},
        terms=terms_of(sealed, message_key) if is_directive else None,
        directives=named if own else tuple(pairwise(case_key, unit.agency_id, ref) for ref in named),
        basis=released.decision.basis,
        until=released.decision.until,
        leaf=leaf_hash(look.header),
        at=released.subject.at,
    )
