"""The offering door: decide, cut, and only then seal.

What is not permitted is never in a recipient's copy, not even as noise (34 U.S.C. 12291(b)(2): encoded,
encrypted or hashed is still disclosed).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Decision, Request
from kernel.ledger.entry import Act
from kernel.pairwise import PairwiseIds
from kernel.sealing.detail import Details
from kernel.sealing.keys import Wrapping, new_key
from kernel.sealing.seal import seal, seal_terms
from runtime.database.unit_of_work import UnitOfWork
from runtime.disclosure import audit_entries
from runtime.disclosure.evaluation import evaluate
from runtime.keyring import Keyring
from runtime.ledger.pending_entries import Leaf
from runtime.messaging.outbox import queue
from runtime.register import CaseOf, Subject, case_key, lock_cases
from schemas.codes import Basis, Purpose
from schemas.facts import DirectiveFact, Fact
from schemas.facts.projection import FactProjection
from schemas.taxonomy import ALL
from schemas.values import Rename


class CaseKeys:
    """What is derived from one case key, each use of it once; it lasts as long as the offer."""

    __slots__ = ("details", "names", "wrapping")

    def __init__(self, case_key: bytes) -> None:
        self.wrapping = Wrapping(case_key)
        self.details = Details(case_key)
        self.names = PairwiseIds(case_key)


@dataclass(slots=True)
class Offering:
    """One fact on its way to its recipients, under the subject's lock.

    `fact_id` is the message reference of the custodian's own copy, and `occurred_at` its instant: both are the same
    however often the fact is offered.
    """

    fact: Fact
    subject: Subject
    custodian: CaseOf
    keys: CaseKeys = field(repr=False)
    by: audit_entries.ActorPseudonyms
    cutting: FactProjection = field(repr=False)
    leaves: list[Leaf] = field(default_factory=list)
    fact_id: UUID = field(default_factory=uuid4)
    occurred_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.occurred_at = self.subject.at

    def fact_ref(self, recipient: str) -> UUID:
        """Return the reference by which `recipient` alone knows the fact, the same for every copy of it."""
        own = recipient == self.custodian.agency.agency_id
        return self.fact_id if own else self.keys.names.for_agency(recipient, self.fact_id)

    def rename(self, recipient: str) -> Rename:
        """Return what names each reference as `recipient` knows it; the custodian keeps its own."""
        return str if recipient == self.custodian.agency.agency_id else partial(self.keys.names.as_text, recipient)


@dataclass(slots=True)  # final, not frozen: mypy refuses a write, and making one costs a third
class Copy:
    """One recipient's cut copy, not yet sealed."""

    offering: Final[Offering]
    recipient: Final[CaseOf]
    mask: Final[int]
    body: Final[Any] = field(repr=False)
    purposes: Final[tuple[str, ...]]
    directives: Final[tuple[UUID, ...]]
    party: Final[bool]


async def offer(unit: UnitOfWork, fact: Fact, subject: Subject | None = None) -> None:
    """Make `fact` available to its custodian and to each agency that a directive names.

    `subject` is the fact's, where its lock is held and its consent unchanged since; else the lock is taken here.
    Nothing is readable until it is opened.  A refusal is a leaf too.  Raises `LookupError` for an unknown case.
    """
    await _offer(unit, [fact], None if subject is None else {fact.case_ref: subject})


async def offer_many(unit: UnitOfWork, facts: Sequence[Fact]) -> None:
    """Offer several facts in the order given, in one transaction, with one lock each subject."""
    await _offer(unit, facts)


async def record(unit: UnitOfWork, fact: Fact) -> None:
    """Put `fact` on its custodian's own record, and tell nobody else of it."""
    offerings = await _offerings(unit, [fact])
    await _put(unit.session, offerings, [_own(offering) for offering in offerings], unit.traceparent)


async def offer_again(
    unit: UnitOfWork, fact: Fact, to: Collection[str], *, fact_id: UUID, occurred_at: datetime
) -> None:
    """Offer a fact that is on record to agencies that consent names by now; the custodian's copy stays as it is.

    `fact_id` is that copy's reference and `occurred_at` its instant: a recipient who has the fact knows it again.
    A grant that widens later fills no old copy, since what was not permitted was never sealed for that agency.
    """
    (offering,) = await _offerings(unit, [fact])
    offering.fact_id, offering.occurred_at = fact_id, occurred_at
    named = [recipient for recipient in _named(offering) if recipient.agency.agency_id in to or not to]
    copies = [copy for recipient in named for copy in _copy_for(offering, recipient)]
    await _put(unit.session, [offering], copies, unit.traceparent)


async def announce(unit: UnitOfWork, fact: DirectiveFact, to: Collection[str], subject: Subject) -> None:
    """Tell the custodian, and each agency of `to`, of a directive of a subject whose lock is held.

    The one exception to "no permitted category, no message": an agency must be told to stop, and learns only
    what it knew.  `to` is the caller's to justify.
    """
    by = await audit_entries.resolve_actor(unit)
    (offering,) = await _offerings_by(by, unit.session, unit.keys, [fact], {fact.case_ref: subject})
    names = {offering.custodian.agency.agency_id, *to}
    recipients = [offering.subject.cases[name] for name in sorted(names) if name in offering.subject.cases]
    copies = []
    for recipient in recipients:
        terms = fact.terms(offering.rename(recipient.agency.agency_id))
        copies.append(Copy(offering, recipient, 0, terms, (), (fact.directive_ref,), True))
        detail = {"to": recipient.agency.agency_id}
        offering.leaves.append(
            audit_entries.act_entry(
                Act.OFFERED,
                audit_entries.ActorPseudonyms(offering.by.actor, recipient.pseudonym),
                offering.subject,
                custodian=offering.custodian,
                type_name=fact.type,
                basis=None,
                detail=detail,
                details=offering.keys.details,
            )
        )
    await _put(unit.session, [offering], copies, unit.traceparent)


async def _offer(unit: UnitOfWork, facts: Sequence[Fact], locked: Mapping[UUID, Subject] | None = None) -> None:
    offerings = await _offerings(unit, facts, locked)
    copies = [copy for offering in offerings for copy in _copies(offering)]
    await _put(unit.session, offerings, copies, unit.traceparent)


async def _offerings(
    unit: UnitOfWork, facts: Sequence[Fact], locked: Mapping[UUID, Subject] | None = None
) -> list[Offering]:
    subjects = await lock_cases(unit.session, {fact.case_ref for fact in facts}) if locked is None else locked
    by = await audit_entries.resolve_actor(unit)
    return await _offerings_by(by, unit.session, unit.keys, facts, subjects)


async def _offerings_by(
    by: audit_entries.ActorPseudonyms,
    session: AsyncSession,
    keyring: Keyring,
    facts: Sequence[Fact],
    subjects: Mapping[UUID, Subject],
) -> list[Offering]:
    keys: dict[UUID, CaseKeys] = {}
    offerings = []
    for fact in facts:
        subject = subjects.get(fact.case_ref)
        custodian = None if subject is None else subject.case(fact.case_ref)
        if subject is None or custodian is None:
            raise LookupError("a fact of a case that does not exist")
        if fact.case_ref not in keys:
            key = await case_key(session, keyring, subject, custodian.agency.agency_id)
            keys[fact.case_ref] = CaseKeys(key)
        offerings.append(Offering(fact, subject, custodian, keys[fact.case_ref], by, FactProjection(fact)))
    return offerings


def _copies(offering: Offering) -> Iterator[Copy]:
    """Yield the custodian's own copy, then one for each agency that consent lets see anything."""
    yield _own(offering)
    for recipient in _named(offering):
        yield from _copy_for(offering, recipient)


def _own(offering: Offering) -> Copy:
    whole, carried = offering.cutting.for_mask(ALL), offering.cutting.carried
    decision = Decision(carried, (), offering.subject.sv, offering.subject.at, None, Basis.OWN_RECORD, None)
    offering.leaves.append(_leaf(offering, offering.custodian, decision, None))
    return Copy(offering, offering.custodian, carried, whole, (), (), True)


def _named(offering: Offering) -> Iterator[CaseOf]:
    """Yield the cases of the active agencies that a directive of the custodian names."""
    recipients = offering.subject.consent.named.get(offering.custodian.agency.agency_id, {})
    for agency_id in sorted(recipients):
        case = offering.subject.cases.get(agency_id)
        if case is not None and case.active and case is not offering.custodian:
            yield case


def _copy_for(offering: Offering, recipient: CaseOf) -> Iterator[Copy]:
    agency_id = recipient.agency.agency_id
    parties, cji = offering.fact.parties(), offering.fact.cji_mask()
    party = parties is None or agency_id in parties
    custodian = offering.custodian.agency
    granted = sorted(offering.subject.purposes(custodian.agency_id, agency_id))
    mask, purposes, relied_on = 0, [], list[UUID]()
    for purpose in _stated(granted):
        request = Request(recipient.agency, custodian, purpose, offering.cutting.carried, None, party, cji)
        decision = evaluate(offering.fact.type, request, offering.subject)
        offering.leaves.append(_leaf(offering, recipient, decision, purpose))
        if decision.mask and purpose is not None:
            mask |= decision.mask
            purposes.append(purpose.value)
            relied_on.extend(ref for ref in decision.relied_on if ref not in relied_on)
    if mask:
        parts = offering.cutting.for_mask(mask, offering.rename(agency_id))
        yield Copy(offering, recipient, mask, parts, tuple(purposes), tuple(relied_on), party)


def _stated(granted: Sequence[Purpose]) -> Sequence[Purpose | None]:
    """Return the purposes to ask for; an agency that only a denial names is asked for without one, and refused."""
    return granted or (None,)


def _leaf(offering: Offering, recipient: CaseOf, decision: Decision, purpose: Purpose | None) -> Leaf:
    by = audit_entries.ActorPseudonyms(offering.by.actor, recipient.pseudonym)
    detail = {"to": recipient.agency.agency_id, "type": offering.fact.type}
    return audit_entries.decision_entry(
        Act.OFFERED,
        by,
        offering.subject,
        offering.custodian,
        decision,
        purpose,
        offering.fact.type,
        detail,
        offering.keys.details,
        offering.cutting.carried,
    )


async def _put(
    session: AsyncSession, offerings: Iterable[Offering], copies: Sequence[Copy], traceparent: str | None
) -> None:
    messages = [_sealed(copy) for copy in copies]
    record = [leaf for offering in offerings for leaf in offering.leaves]
    await queue.put(session, messages, record, traceparent)


def _sealed(copy: Copy) -> queue.Message:
    offering, recipient = copy.offering, copy.recipient.agency.agency_id
    own = copy.recipient is offering.custodian
    message_ref, message_key = offering.fact_id if own else uuid4(), new_key()
    sealing = seal_terms if isinstance(offering.fact, DirectiveFact) else seal
    body = sealing(message_ref, recipient, offering.fact.type, copy.body, message_key)
    return queue.Message(
        message_ref=message_ref,
        subject_id=offering.subject.subject_id,
        custodian=offering.custodian.agency.agency_id,
        recipient=recipient,
        case_ref=copy.recipient.case_ref,
        type=offering.fact.type,
        mask=mask_bytes(copy.mask),
        party=copy.party,
        sv=offering.subject.sv,
        purposes=copy.purposes,
        directives=copy.directives,
        wrapped_key=offering.keys.wrapping.wrap(message_key, message_ref.bytes),
        fact_ref=offering.fact_ref(recipient),
        occurred_at=offering.occurred_at,
        body=body,
    )


def mask_bytes(mask: int) -> bytes:
    """Return the mask as it is kept; `int.from_bytes` reads it."""
    return mask.to_bytes((mask.bit_length() + 7) // 8, "big")
