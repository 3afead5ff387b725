"""Looks at what a service keeps itself: states, codes and instants, by the same decision and with the same leaf."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from kernel.consent import decide
from kernel.ledger.entry import Act
from runtime import clock
from runtime.disclosure import leaves
from runtime.disclosure.judging import is_told, judge
from runtime.disclosure.opening import SECONDS, offers_of
from runtime.ledger.pending import append
from runtime.register import hold_all, hold_subjects
from runtime.unit import Unit
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
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


@dataclass(frozen=True, slots=True)
class Asked:
    """One look: at the case that the custodian knows by `case_ref`, for a purpose, as a party to it or not."""

    case_ref: UUID
    purpose: Purpose | None = None
    party: bool = True


async def look(unit: Unit, case_ref: UUID, categories: Collection[DataCategory], purpose: Purpose | None = None) -> int:
    """Return the mask of `categories` that consent now lets this person see of a custodian's case.

    The look is on record with the caller's transaction: show nothing before that has committed.
    0 where nothing is permitted and where there is no such case, alike.
    """
    return (await consulted(unit, [Asked(case_ref, purpose)], categories))[case_ref]


async def consulted(unit: Unit, asked: Iterable[Asked], categories: Collection[DataCategory]) -> dict[UUID, int]:
    """Return the mask for each case asked, one leaf each; see `look`."""
    looks = list(asked)
    unit.deadline = unit.deadline or clock.monotonic() + SECONDS
    held = await hold_all(unit.session, {one.case_ref for one in looks})
    by = await leaves.who(unit)
    wanted = sum(category_mask(category) for category in set(categories))
    masks: dict[UUID, int] = {}
    record = []
    for one in looks:
        subject = held.get(one.case_ref)
        custodian = None if subject is None else subject.case(one.case_ref)
        if subject is None or custodian is None:
            masks[one.case_ref] = 0
            continue
        purpose = one.purpose or (None if unit.agency.kind is None else OWN_WORK[unit.agency.kind])
        request = unit.request(custodian.agency, purpose, wanted, one.party)
        decision = decide(request, subject.table, subject.at)
        record.append(leaves.decided(Act.CONSULTED, by, subject, custodian, decision, purpose, None, unit.asker, None))
        masks[one.case_ref] = decision.mask
    await append(unit.session, record)
    return masks


async def carry(unit: Unit, message_refs: Collection[UUID], fields: int) -> dict[UUID, int]:
    """Return which of `fields` lie sealed in messages to this agency, as masks; for hosted services' routing only."""
    return {one.message_ref: int.from_bytes(one.mask, "big") & fields for one in await offers_of(unit, message_refs)}


async def visible(unit: Unit, message_refs: Collection[UUID]) -> dict[UUID, UUID]:
    """Return which messages this person could open now for some purpose of the agency; no field is released.

    Each comes with the reference of its fact, as this agency knows it.
    A list is not a look: it says what an opening would not answer as absent, and so leaves no leaf.
    """
    rows = await offers_of(unit, message_refs)
    subjects = await hold_subjects(unit.session, {row.subject_id for row in rows})
    found = {}
    for row in rows:
        subject = subjects[row.subject_id]
        custodian = subject.cases[row.custodian].agency
        asked = int.from_bytes(row.mask, "big")
        for purpose in unit.agency.purposes:
            request = unit.request(custodian, purpose, asked, row.party)
            decision = judge(row.type, request, subject)
            if decision.mask or is_told(row, decision, subject):
                found[row.message_ref] = row.fact_ref
                break
    return found
