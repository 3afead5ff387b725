"""What is asked, and what is answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from kernel.consent.terms import Agency
from schemas.codes import Basis, Purpose


class Reason(StrEnum):
    """Why nothing is open.  For the custodian and the ledger; a recipient reads only "not shared"."""

    BLOCKED_PERSON = "blocked_person"
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


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks whom, for what, and why."""

    agency: Agency
    custodian: Agency
    purpose: Purpose | None
    asked: int
    person_ref: str | None = None  # None: the agency's own system asks
    party: bool = True  # False: the fact is of a referral that this agency neither sent nor received
    cji: int = 0  # R31: the fields whose value came from criminal justice information


class Decision(NamedTuple):
    """What may be seen at `at`, on whose word, and until when at the latest."""

    mask: int
    relied_on: tuple[UUID, ...]
    sv: int
    at: datetime
    reason: Reason | None = None  # None exactly when something is open
    basis: Basis | None = None  # of several, the furthest from the survivor's own word
    until: datetime | None = None  # the earliest end among the grants relied on
