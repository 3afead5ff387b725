"""An agency's own sealed copy, read back so that the fact can be offered anew; no field of it is shown to anybody."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic_core import to_json
from sqlalchemy import text

from kernel.consent import decide
from kernel.ledger.entry import Act
from kernel.sealing.envelope import Sealed
from kernel.sealing.keys import unwrap
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.disclosure.decryption import fields_of
from runtime.disclosure.denials import record_not_found
from runtime.disclosure.offers import offer_again
from runtime.disclosure.state_reads import OWN_WORK
from runtime.ledger.pending_entries import append
from runtime.register import Subject, case_key, lock_subjects
from schemas.facts import Fact
from schemas.registry import contract, is_directive_fact

OWN = text("""
SELECT message_ref, subject_id, case_ref, type, mask, wrapped_key, occurred_at FROM carrying.offer
WHERE message_ref = :message_ref AND recipient = :agency_id AND custodian = :agency_id
""")


async def offer_own_copy(unit: UnitOfWork, sealed: Sealed, to: Collection[str] = ()) -> bool:
    """Offer the fact of the agency's own sealed copy to the agencies that consent names by now.

    `to` narrows them; empty means all.  Tells whether there was such a copy that this person may use; if not, the
    refusal is on record with the caller's transaction.
    """
    params = {"message_ref": sealed.message_ref, "agency_id": unit.agency_id}
    offer = (await unit.session.execute(OWN, params)).one_or_none()
    if offer is None or offer.type != sealed.type or is_directive_fact(offer.type):
        await record_not_found(unit, sealed.message_ref, name="message_ref")
        return False
    subject = (await lock_subjects(unit.session, [offer.subject_id]))[offer.subject_id]
    mask = await _permitted(unit, offer, subject)
    if not mask:
        return False
    key = await case_key(unit.session, unit.keys, subject, unit.agency_id)
    message_key = unwrap(key, offer.wrapped_key, sealed.message_ref.bytes)
    whole = Sealed(sealed.message_ref, unit.agency_id, offer.type, mask, sealed.body)
    fields = fields_of(whole, mask, message_key)
    if fields is None:
        return False
    fact = _fact(offer, fields)
    await offer_again(unit, fact, to, fact_id=offer.message_ref, occurred_at=offer.occurred_at)
    return True


async def _permitted(unit: UnitOfWork, offer: Any, subject: Subject) -> int:
    """Return what this person may use of the own record, the use being on record."""
    own = subject.cases[unit.agency_id]
    purpose = None if unit.agency.kind is None else OWN_WORK[unit.agency.kind]
    requested_mask = int.from_bytes(offer.mask, "big")
    decision = decide(unit.request(own.agency, purpose, requested_mask), subject.table, subject.at)
    by = await audit_entries.resolve_actor(unit)
    detail = {"message_ref": str(offer.message_ref)} | unit.asker
    used = audit_entries.decision_entry(Act.CONSULTED, by, subject, own, decision, purpose, offer.type, detail, None)
    await append(unit.session, [used])
    return decision.mask


def _fact(offer: Any, parts: dict[Any, dict[str, Any]]) -> Fact:
    fields = {name: value for part in parts.values() for name, value in part.items()}
    return contract(offer.type).model_validate_json(to_json({"case_ref": str(offer.case_ref), **fields}))
