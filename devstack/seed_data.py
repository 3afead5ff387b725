"""The small town of the demo: plainly fictional agencies and people."""

from __future__ import annotations

from cli.member import Member
from kernel.consent import purposes_of
from runtime.register.enrolment import NewAgency
from schemas.codes import AgencyFlag, AgencyKind

BOUND = frozenset({AgencyFlag.CONFIDENTIALITY_BOUND})
TIME_ZONE = "America/Los_Angeles"  # where Fairview would be
PART_2 = frozenset({AgencyFlag.PART2_PROGRAM})


def an_agency(
    agency_id: str, name: str, kind: AgencyKind, flags: frozenset[AgencyFlag] = frozenset(), address: str = ""
) -> NewAgency:
    """Return an agency registered for every purpose that its kind may have."""
    purposes = frozenset(purposes_of(kind))
    front_door = f"{name}, front desk"
    return NewAgency(agency_id, name, kind, flags, purposes, address, front_door, time_zone=TIME_ZONE)


AGENCIES = (
    an_agency("bay-hotline", "Bay Hotline", AgencyKind.HOTLINE, BOUND, "1 Quay Street, Fairview"),
    an_agency("harbor-house", "Harbor House", AgencyKind.SHELTER, BOUND),  # a shelter's address stands nowhere
    an_agency("county-sheriff", "County Sheriff", AgencyKind.POLICE, address="2 Court Square, Fairview"),
    an_agency("lantern-counselling", "Lantern Counselling", AgencyKind.COUNSELLING, PART_2, "3 Mill Lane, Fairview"),
    an_agency("riverside-legal", "Riverside Legal Aid", AgencyKind.LEGAL_AID, address="4 Bridge Road, Fairview"),
    an_agency("st-anne-hospital", "St. Anne Hospital", AgencyKind.HOSPITAL, address="5 Hill Avenue, Fairview"),
    an_agency("county-cell", "County Coordination Cell", AgencyKind.COORDINATION, address="6 Court Square, Fairview"),
)
PEOPLE = (
    Member("ana", "bay-hotline", "Ana Ruiz", ("advocate",)),
    Member("mia", "bay-hotline", "Mia Torres", ("advocate",)),
    Member("priya", "bay-hotline", "Priya Nair", ("privacy_officer", "auditor")),
    Member("olga", "bay-hotline", "Olga Brandt", ("administrator",)),
    Member("sam", "harbor-house", "Sam Okoye", ("case_worker",)),
    Member("lee", "county-sheriff", "Lee Park", ("liaison",)),
    Member("kim", "county-sheriff", "Kim Doyle", ("liaison",)),
    Member("noor", "lantern-counselling", "Noor Haddad", ("counsellor",)),
    Member("jude", "riverside-legal", "Jude Marsh", ("attorney",)),
    Member("dr-lin", "st-anne-hospital", "Dr. Lin", ("advocate",)),
    Member("cora", "county-cell", "Cora Bell", ("coordinator",)),
    Member("audrey", "county-cell", "Audrey Stone", ("auditor",)),
)
