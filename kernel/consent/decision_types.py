"""What is asked, and what is answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from kernel.consent.directive import Agency, key_of
from schemas.codes import AgencyKind, Basis, Purpose


class Reason(StrEnum):
    """Why nothing is open.  For the custodian and the ledger; a recipient reads only "not shared"."""

    BLOCKED_PERSON = "blocked_person"
    PERSON_NOT_NAMED = "person_not_named"
    PURPOSE_NOT_STATED = "purpose_not_stated"
    PURPOSE_NOT_REGISTERED = "purpose_not_registered"
    NOTHING_ASKED = "nothing_asked"
    UNREADABLE_DENIAL = "unreadable_denial"
    NOT_PARTICIPATING = "not_participating"
    NOT_PARTY = "not_party"
    NOT_FOR_A_PERSON = "not_for_a_person"
    NOTHING_GRANTED = "nothing_granted"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OUTSIDE_CEILING = "outside_ceiling"
    DENIED = "denied"


@dataclass(init=False)  # final, not frozen: mypy refuses a write, and making one costs a third
class Request:
    """Who asks whom, for what, and why.

    A person asks, or an agency's system that names nobody, or it is asked for the agency as such: what may be sealed
    for its mailbox, which nobody reads by that.

    `key` finds the line of a consent table that may settle it, and `limit` is the most that line can open: what is
    asked, within the ceiling of the registered purpose.  What must be weighed instead has the key of no purpose, under
    which there are denials alone.
    """

    __slots__ = (
        "agency",
        "cji",
        "custodian",
        "key",
        "limit",
        "party",
        "person_ref",
        "purpose",
        "requested_mask",
        "unnamed",
    )

    agency: Final[Agency]
    custodian: Final[Agency]
    purpose: Final[Purpose | None]
    requested_mask: Final[int]
    person_ref: Final[str | None]  # None: it is asked for the agency as such
    party: Final[bool]  # False: the fact is of a referral that this agency neither sent nor received
    cji: Final[int]  # R31: the fields whose value came from criminal justice information
    unnamed: Final[bool]  # True: the agency's own system asks, and does not say for whom

    def __init__(
        self,
        agency: Agency,
        custodian: Agency,
        purpose: Purpose | None,
        requested_mask: int,
        person_ref: str | None = None,
        party: bool = True,
        cji: int = 0,
        unnamed: bool = False,
    ) -> None:
        self.agency, self.custodian, self.purpose = agency, custodian, purpose
        self.requested_mask, self.person_ref, self.party = requested_mask, person_ref, party
        self.cji, self.unnamed = cji, unnamed
        # Who coordinates need be no party: for others whether they are one has to be weighed.
        party_is_settled = party or agency.kind is AgencyKind.COORDINATION
        reach = agency.reach.get(purpose) if party_is_settled and not cji else None
        settles = None if reach is None else purpose
        self.key: Final = key_of(custodian.agency_id, agency.agency_id, settles)
        self.limit: Final = requested_mask & (reach or 0)


class Decision(NamedTuple):
    """What may be seen at `at`, on whose word, and until when at the latest."""

    mask: int
    relied_on: tuple[UUID, ...]
    sv: int
    at: datetime
    reason: Reason | None = None  # None exactly when something is open
    basis: Basis | None = None  # of several, the furthest from the survivor's own word
    until: datetime | None = None  # the earliest end among the grants relied on
