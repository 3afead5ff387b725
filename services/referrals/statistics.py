"""How followed referrals go, agency by agency: each number is the length of a list that the same person can open.

So a row counts for a number only where consent opens to the asker every field that this number tells of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from schemas.codes import Priority, ReferralState
from schemas.taxonomy import bit
from services.referrals.domain import OPEN

ANSWERED_YES: Final = frozenset(
    {
        ReferralState.ACCEPTED,
        ReferralState.IN_PROGRESS,
        ReferralState.COMPLETED,
        ReferralState.COULD_NOT_CONTACT,
    }
)
RECEIVER: Final = bit("referral_status.to_agency_ref")
STATUS: Final = bit("referral_status.status")
LATE: Final = bit("referral_status.overdue_since")
PRIORITY: Final = bit("referral_status.priority")
SENT_AT: Final = bit("referral_status.created_at")
SECONDS_AN_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class FollowedReferral:
    """What counts of a referral, and the mask of the fields that the asker may know of it."""

    receiver: str
    receiver_name: str
    state: ReferralState
    priority: Priority
    overdue: bool
    sent_at: datetime
    replied_at: datetime | None
    contacted_at: datetime | None
    mask: int

    def opens(self, fields: int) -> bool:
        """Tell whether the asker may know all of these fields."""
        return self.mask & fields == fields


@dataclass(frozen=True, slots=True)
class AgencyFigures:
    """How one agency answers what it is sent; the median is None where nobody's first reply is known."""

    agency_id: str
    name: str
    sent: int
    accepted: int
    declined: int
    open: int
    overdue: int
    median_hours_to_reply: float | None


@dataclass(frozen=True, slots=True)
class ContactFigures:
    """How long survivors waited, from the sending to the first contact; None where no contact is known."""

    priority: Priority
    median_hours_to_contact: float | None


def by_state(referrals: Iterable[FollowedReferral]) -> dict[ReferralState, int]:
    """Return how many referrals are in each state."""
    states = [referral.state for referral in referrals if referral.opens(STATUS)]
    return {state: states.count(state) for state in ReferralState}


def by_agency(referrals: Sequence[FollowedReferral]) -> list[AgencyFigures]:
    """Return the figures of each agency that was sent something, by its name."""
    visible = [referral for referral in referrals if referral.opens(RECEIVER)]
    names = {referral.receiver: referral.receiver_name for referral in visible}
    of_agency = {
        agency: [referral for referral in visible if referral.receiver == agency]
        for agency in sorted(names, key=names.__getitem__)
    }
    return [_figures(agency, names[agency], rows) for agency, rows in of_agency.items()]


def by_priority(referrals: Sequence[FollowedReferral]) -> list[ContactFigures]:
    """Return how long it took to reach a survivor, the most urgent first."""
    fields = PRIORITY | STATUS | SENT_AT
    return [
        ContactFigures(priority, _median_hours(rows, fields, lambda referral: referral.contacted_at))
        for priority in Priority
        for rows in [[referral for referral in referrals if referral.priority is priority]]
    ]


def _figures(agency_id: str, name: str, rows: Sequence[FollowedReferral]) -> AgencyFigures:
    states = [referral.state for referral in rows if referral.opens(STATUS)]
    return AgencyFigures(
        agency_id=agency_id,
        name=name,
        sent=len(rows),
        accepted=sum(state in ANSWERED_YES for state in states),
        declined=states.count(ReferralState.DECLINED),
        open=sum(state in OPEN for state in states),
        overdue=sum(referral.overdue for referral in rows if referral.opens(LATE)),
        median_hours_to_reply=_median_hours(rows, STATUS | SENT_AT, lambda referral: referral.replied_at),
    )


def _median_hours(
    rows: Iterable[FollowedReferral], fields: int, until: Callable[[FollowedReferral], datetime | None]
) -> float | None:
    spans = [
        (at - referral.sent_at).total_seconds() / SECONDS_AN_HOUR
        for referral in rows
        for at in [until(referral)]
        if at is not None and referral.opens(fields)
    ]
    return round(median(spans), 1) if spans else None
