"""Which referrals a list holds, in which order, and behind which row it goes on; as conditions of its statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import false, literal_column, select

from schemas.codes import Priority, ReferralState
from services.referrals.assignments import answered_by
from services.referrals.domain import FINAL, UNANSWERED, UNDER_WAY, Referral
from services.referrals.table import CASE, IS_LATE, IS_LIVE, ROWS


class Direction(StrEnum):
    """Which referrals a list holds: those one sent, those one was sent, those of cases one coordinates."""

    SENT = "sent"
    RECEIVED = "received"
    COORDINATED = "followed"


class Assigned(StrEnum):
    """Which received referrals a list holds: those that the asker answers, those that nobody does."""

    ME = "me"
    NOBODY = "nobody"


class SortOrder(StrEnum):
    """In which order a list stands: oldest first, closest deadline of an answer first, last changed first."""

    SENT = "sent"
    DEADLINE = "deadline"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where a list goes on: behind one row, in the order of the list."""

    at: datetime
    referral_ref: UUID


@dataclass(frozen=True, slots=True)
class ReferralFilter:
    """Which referrals a list is to hold, and in which order. `case_ref` is the asker's own name of a case."""

    direction: Direction
    states: tuple[ReferralState, ...] = ()
    overdue: bool | None = None
    closed: bool | None = None
    priorities: tuple[Priority, ...] = ()
    agency: str | None = None  # the other one
    case_ref: UUID | None = None
    spoken_code: str | None = None  # all of it, or its two words
    refs: tuple[UUID, ...] = ()  # as the asker knows them; of a coordination cell's, none can be named
    assigned: Assigned | None = None
    asker: str | None = None  # the person who asks, if any
    order: SortOrder = SortOrder.SENT

    def place_of(self, referral: Referral) -> PagePosition:
        """Return the place behind this row in the list."""
        if self.order is SortOrder.SENT:
            return PagePosition(referral.created_at, referral.referral_ref)
        at = referral.changed_at if self.order is SortOrder.CHANGED else _deadline(referral)
        return PagePosition(at, referral.referral_ref)


NO_DEADLINE: Final = datetime(9999, 1, 1, tzinfo=UTC)
# Written as in the index of 0005_assignment.py, so that the server finds it.
DEADLINE: Final[Any] = literal_column(
    "(CASE WHEN state IN ('sent', 'needs_info') THEN coalesce(answer_by, '9999-01-01 00:00:00+00'::timestamptz)"
    " ELSE '9999-01-01 00:00:00+00'::timestamptz END)"
)
ORDERED_BY: Final[Mapping[SortOrder, Any]] = {
    SortOrder.SENT: ROWS.c.created_at,
    SortOrder.DEADLINE: DEADLINE,
    SortOrder.CHANGED: ROWS.c.changed_at,
}


def by_state(filters: ReferralFilter) -> list[ReferralFilter]:
    """Return filters of one state each that together hold the same referrals; the filter itself where it names none.

    Of several states at once the server reads every entry that there is, however few it is to return.
    """
    if filters.direction is Direction.COORDINATED or filters.overdue:  # those that are late have an index of their own
        return [filters]
    chosen = {FINAL if filters.closed else UNANSWERED | UNDER_WAY} if filters.closed is not None else set()
    chosen |= {frozenset(filters.states)} if filters.states else set()
    if not chosen:
        return [filters]
    states = sorted(frozenset.intersection(*chosen))
    return [replace(filters, states=(state,), closed=None) for state in states] or [filters]


def conditions(agency: str, filters: ReferralFilter) -> list[Any]:
    """Return the conditions of the agency's list, all of which a row must meet."""
    required = [_direction_condition(filters.direction, agency)]
    if filters.states:
        required.append(ROWS.c.state.in_(filters.states))
    if filters.closed is not None:
        required.append(ROWS.c.state.in_(FINAL if filters.closed else UNANSWERED | UNDER_WAY))
    if filters.overdue is not None:
        required.append(IS_LATE if filters.overdue else ~IS_LATE)
    if filters.priorities:
        required.append(ROWS.c.priority.in_(filters.priorities))
    if filters.agency is not None:
        required.append(_other_condition(filters.direction, filters.agency))
    return required + _named_conditions(agency, filters)


def _named_conditions(agency: str, filters: ReferralFilter) -> list[Any]:
    """Return the conditions of a list of named rows: of a case, of references, of a code, of who answers."""
    required = []
    if filters.case_ref is not None:
        own = select(CASE.c.subject_id).where(CASE.c.case_ref == filters.case_ref, CASE.c.agency_id == agency)
        required.append(ROWS.c.subject_id == own.scalar_subquery())
    if filters.spoken_code is not None:
        required.append(_code_condition(filters.spoken_code))
    if filters.refs:
        own_ref = ROWS.c.referral_ref if filters.direction is Direction.SENT else ROWS.c.receiver_ref
        required.append(own_ref.in_(filters.refs))
    if filters.assigned is not None:
        required.append(_assigned_condition(agency, filters.assigned, filters.asker))
    return required


def _assigned_condition(agency: str, assigned: Assigned, asker: str | None) -> Any:
    if assigned is Assigned.NOBODY:
        return answered_by(agency, None)
    return false() if asker is None else answered_by(agency, asker)  # a system that asks for no person answers none


def _deadline(referral: Referral) -> datetime:
    return (referral.answer_by if referral.state in UNANSWERED else None) or NO_DEADLINE


def _other_condition(direction: Direction, other: str) -> Any:
    if direction is Direction.SENT:
        return ROWS.c.receiving_agency == other
    if direction is Direction.RECEIVED:
        return ROWS.c.sending_agency == other
    return (ROWS.c.sending_agency == other) | (ROWS.c.receiving_agency == other)


def _code_condition(spoken_code: str) -> Any:
    if spoken_code[-1].isdigit():
        return ROWS.c.spoken_code == spoken_code
    return ROWS.c.spoken_code.like(f"{spoken_code} %")


def _direction_condition(direction: Direction, agency: str) -> Any:
    if direction is Direction.SENT:
        return ROWS.c.sending_agency == agency
    if direction is Direction.RECEIVED:
        return IS_LIVE & (ROWS.c.receiving_agency == agency)
    # The wall shows a coordination cell the rows of the cases it knows; anybody else finds none here.
    return (ROWS.c.sending_agency != agency) & (ROWS.c.receiving_agency != agency)
