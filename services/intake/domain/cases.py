"""A case at the agency's own desk: open, closed, or opened by a colleague for a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.codes import ClosingReason
from services.intake.domain.refusal import CaseStepNotPossible


class ColleagueReason(StrEnum):
    """Why somebody opens a case on which only colleagues work."""

    COVERING = "covering"
    ASKED_BY_COLLEAGUE = "asked_by_colleague"
    SURVIVOR_ASKED = "survivor_asked"
    SUPERVISION = "supervision"


class CaseState(StrEnum):
    """Whether the agency still works on a case."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """Where a case stands at the agency's own desk; the version counts what the agency decided about it there."""

    case_ref: UUID
    state: CaseState
    version: int
    changed_at: datetime
    reason: ClosingReason | None = None

    def next(self, at: datetime) -> CaseStatus:
        """Return the next version."""
        return replace(self, version=self.version + 1, changed_at=at)


def close_case(status: CaseStatus, reason: ClosingReason, at: datetime) -> CaseStatus:
    """Return the case closed; one that was closed for this reason stays as it is, and another reason is refused."""
    if status.state is CaseState.CLOSED and status.reason is not reason:
        raise CaseStepNotPossible("closed")
    if status.state is CaseState.CLOSED:
        return status
    return replace(status.next(at), state=CaseState.CLOSED, reason=reason)


def reopen_case(status: CaseStatus, at: datetime) -> CaseStatus:
    """Return the case open again; one that is open stays as it is."""
    if status.state is CaseState.OPEN:
        return status
    return replace(status.next(at), state=CaseState.OPEN, reason=None)
