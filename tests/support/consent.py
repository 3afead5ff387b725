"""Builders for decisions: the agencies of the small town, what survivors say, and what is asked."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from kernel.consent import Agency, ConsentTable, Directive, Request, compile_table, purposes_of
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, AgencyKind, Basis, DirectiveEffect, DirectiveState, Purpose
from schemas.taxonomy import ALL, TAXONOMY_VERSION

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

_numbers = count(1)


def an_agency(agency_id: str, kind: AgencyKind | None, *flags: AgencyFlag, purposes: Iterable[Purpose] = ()) -> Agency:
    return Agency(agency_id, kind, frozenset(flags), frozenset(purposes) or purposes_of(kind))


TOWN = {
    agency.agency_id: agency
    for agency in (
        an_agency("bay-hotline", AgencyKind.HOTLINE, AgencyFlag.CONFIDENTIALITY_BOUND),
        an_agency("harbor-house", AgencyKind.SHELTER, AgencyFlag.CONFIDENTIALITY_BOUND),
        an_agency("county-sheriff", AgencyKind.POLICE, AgencyFlag.CJI_HOLDER),
        an_agency("lantern-counselling", AgencyKind.COUNSELLING, AgencyFlag.PART2_PROGRAM),
        an_agency("riverside-legal", AgencyKind.LEGAL_AID),
        an_agency("st-anne-hospital", AgencyKind.HOSPITAL),
        an_agency("county-cell", AgencyKind.COORDINATION),
    )
}


def a_directive(effect: DirectiveEffect, *categories: DataCategory, **terms: Any) -> Directive:
    fields: dict[str, Any] = {
        "directive_ref": UUID(int=next(_numbers)),
        "effect": effect,
        "custodian": "bay-hotline",
        "recipient": "harbor-house",
        "purpose": Purpose.SHELTER,
        "categories": frozenset(categories),
        "valid_from": NOON - DAY,
        "valid_until": NOON + 60 * DAY,
        "state": DirectiveState.ACTIVE,
        "basis": Basis.RELEASE,
        "taxonomy_version": TAXONOMY_VERSION,
    }
    return Directive(**fields | terms)


def a_grant(
    *categories: DataCategory,
    to: str = "harbor-house",
    by: str = "bay-hotline",
    purpose: Purpose = Purpose.SHELTER,
    starts_at: datetime = NOON - DAY,
    ends_at: datetime = NOON + 60 * DAY,
    only: Iterable[str] = (),
    excepted: Iterable[str] = (),
    **terms: Any,
) -> Directive:
    """A permit in force at noon; `terms` are a directive's own fields."""
    return a_directive(
        DirectiveEffect.PERMIT,
        *categories,
        custodian=by,
        recipient=to,
        purpose=purpose,
        valid_from=starts_at,
        valid_until=ends_at,
        only_fields=frozenset(only),
        excepted_fields=frozenset(excepted),
        **terms,
    )


def a_denial(
    *categories: DataCategory,
    to: str | None = "harbor-house",
    by: str = "bay-hotline",
    purpose: Purpose | None = None,
    starts_at: datetime = NOON - DAY,
    only: Iterable[str] = (),
    excepted: Iterable[str] = (),
    **terms: Any,
) -> Directive:
    """A denial in force at noon, for every purpose unless one is named."""
    fields: dict[str, Any] = {"valid_until": None} | terms
    return a_directive(
        DirectiveEffect.DENY,
        *categories,
        custodian=by,
        recipient=to,
        purpose=purpose,
        valid_from=starts_at,
        only_fields=frozenset(only),
        excepted_fields=frozenset(excepted),
        **fields,
    )


def a_block_on(person_ref: str, by: str = "bay-hotline", at: str | None = "county-sheriff") -> Directive:
    """A denial that hides everything of the survivor from one person, who works at the agency `at`."""
    return a_denial(to=None, by=by, excluded_person_ref=person_ref, excluded_agency=at)


def a_table(
    *directives: Directive,
    denials: Iterable[Directive] = (),
    sv: int = 7,
    participating: bool = True,
    **terms: Any,
) -> ConsentTable:
    return compile_table((*directives, *denials), sv=sv, participating=participating, **terms)


def an_ask(
    by: str | Agency = "harbor-house",
    of: str | Agency = "bay-hotline",
    purpose: Purpose | None = Purpose.SHELTER,
    asked: int = ALL,
    person: str | None = None,
    party: bool = True,
    cji: int = 0,
    unnamed: bool = False,
) -> Request:
    """What an agency asks of a custodian; of the small town unless an agency is given."""
    agency = TOWN[by] if isinstance(by, str) else by
    custodian = TOWN[of] if isinstance(of, str) else of
    return Request(agency, custodian, purpose, asked, person, party, cji, unnamed)


def what_m_signed() -> dict[str, Directive]:
    """M's directives, by the names the acceptance scenarios give them; signed at noon for sixty days."""
    kind = DataCategory
    to_the_lawyer = (kind.IDENTITY, kind.INCIDENT_SUMMARY, kind.ORDER_TERMS, kind.REFERRAL_STATUS)
    to_the_shelter = (
        kind.IDENTITY,
        kind.SAFE_CONTACT,
        kind.NEEDS,
        kind.CHILDREN,
        kind.WEAPONS_RISK,
        kind.REFERRAL_STATUS,
    )
    signed: dict[str, Any] = {"starts_at": NOON}
    lawyer: dict[str, Any] = {"to": "riverside-legal", **signed}
    return {
        "D1": a_grant(*to_the_shelter, **signed),
        "D2": a_grant(
            kind.IDENTITY,
            kind.ORDER_TERMS,
            kind.RISK_RESULT,
            to="county-sheriff",
            purpose=Purpose.ORDER_ENFORCEMENT,
            **signed,
        ),
        "N1": a_denial(kind.LOCATION, to="county-sheriff", **signed),
        "N2": a_block_on("kim"),
        "D3a": a_grant(
            kind.ALLEGED_OFFENDER,
            only=["alleged_offender.offender_name"],
            purpose=Purpose.CONFLICT_CHECK,
            **lawyer,
        ),
        "D3": a_grant(*to_the_lawyer, purpose=Purpose.LEGAL_REPRESENTATION, started=False, **lawyer),
        "D4": a_grant(kind.REFERRAL_STATUS, to="county-cell", purpose=Purpose.COORDINATION, **signed),
        "D5": a_grant(
            kind.ORDER_TERMS,
            kind.ORDER_SERVICE,
            by="county-sheriff",
            to="bay-hotline",
            purpose=Purpose.ADVOCACY,
            **signed,
        ),
        "D6": a_grant(
            kind.SUBSTANCE_USE,
            only=["substance_use.substance_use_attendance"],
            by="lantern-counselling",
            to="bay-hotline",
            purpose=Purpose.ADVOCACY,
            starts_at=NOON + 14 * DAY,
            ends_at=NOON + 60 * DAY,
        ),
    }
