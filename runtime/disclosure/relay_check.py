"""What the relay asks before it sends: consent decided again, what lapsed put on record and not sent.

This is minimisation, not the fence: what the relay sends is noise until it is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Decision, Request
from kernel.ledger.entry import Act
from runtime.database import hot_path
from runtime.database.arrays import uuids
from runtime.disclosure import audit_entries
from runtime.disclosure.evaluation import evaluate
from runtime.ledger.pending_entries import Leaf, append
from runtime.register import Subject, lock_without_keys
from schemas.codes import Basis, Purpose
from schemas.registry import is_directive_fact

OFFERS = """
SELECT message_ref, subject_id, custodian, recipient, type, mask, party, purposes
FROM carrying.offer WHERE message_ref = ANY(%s) AND state = 'offered'
"""
WITHHOLD = text("UPDATE carrying.offer SET state = 'withheld' WHERE message_ref = ANY(:refs)")
PARK = text("UPDATE carrying.offer SET state = 'parked' WHERE message_ref = ANY(:refs)")


class QueuedOffer(Protocol):
    """An outbox row, as far as this door asks."""

    @property
    def message_ref(self) -> UUID:
        """Return the message's reference."""

    @property
    def subject_id(self) -> int:
        """Return the subject whose lock decides."""


class _Offer(NamedTuple):
    """An offer on record: its fact's type, its parties, its mask and its purposes."""

    message_ref: UUID
    subject_id: int
    custodian: str
    recipient: str
    type: str
    mask: bytes
    party: bool
    purposes: Sequence[str]


async def relayable(session: AsyncSession, rows: Sequence[QueuedOffer]) -> set[UUID]:
    """Return the messages that may be sent now; the others are withheld, each with its leaf.

    Takes the subjects' locks shared, in one order, until the transaction ends: keep it short.
    """
    subjects = await lock_without_keys(session, {row.subject_id for row in rows})
    offer_rows = await hot_path.fetch_all(session, OFFERS, uuids(row.message_ref for row in rows))
    offers = [_Offer(*row) for row in offer_rows]
    going, lapsed = set(), []
    record: list[Leaf] = []
    for offer in offers:
        decision = _decide(offer, subjects[offer.subject_id])
        if decision is None or decision.mask:
            going.add(offer.message_ref)
            continue
        lapsed.append(offer.message_ref)
        record.append(_withheld(offer, subjects[offer.subject_id], decision))
    if lapsed:
        await session.execute(WITHHOLD, {"refs": lapsed})
        await append(session, record)
    return going


async def dead_letter(session: AsyncSession, message_refs: Sequence[UUID]) -> None:
    """Mark offers as parked: they could not be sent, and a person decides."""
    await session.execute(PARK, {"refs": list(message_refs)})


def _decide(offer: _Offer, subject: Subject) -> Decision | None:
    """Return the widest decision over the purposes it was offered for; None where none is needed."""
    if offer.custodian == offer.recipient or is_directive_fact(offer.type):
        return None
    requested_mask = int.from_bytes(offer.mask, "big")
    recipient, custodian = subject.cases[offer.recipient], subject.cases[offer.custodian]
    decision = Decision(0, (), subject.sv, subject.at, None, Basis.RELEASE, None)
    for purpose in offer.purposes:
        request = Request(recipient.agency, custodian.agency, Purpose(purpose), requested_mask, None, offer.party)
        decision = evaluate(offer.type, request, subject)
        if decision.mask:
            break
    return decision


def _withheld(offer: _Offer, subject: Subject, decision: Decision) -> Leaf:
    recipient, custodian = subject.cases[offer.recipient], subject.cases[offer.custodian]
    by = audit_entries.ActorPseudonyms("relay", recipient.pseudonym)
    detail = {"message_ref": str(offer.message_ref), "to": offer.recipient}
    return audit_entries.decision_entry(
        Act.WITHHELD, by, subject, custodian, decision, Purpose(offer.purposes[0]), offer.type, detail, None
    )
