"""A near miss: what nearly went wrong, logged so that the plan can learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from schemas.facts import NearMissLogged
from schemas.facts.safety_plan import NearMissBlock
from services.intake.domain.refusal import CaseStepNotPossible

A_DAY: Final = timedelta(days=1)  # a day ahead is the same night in another time zone


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A near miss as intake keeps it; it is reviewed by the next version or the next review of the plan."""

    near_miss_ref: UUID
    case_ref: UUID
    logged_at: datetime
    reviewed_at: datetime | None = None


def log_near_miss(
    ref: UUID, case_ref: UUID, form: NearMissBlock, earlier: int, at: datetime
) -> tuple[NearMiss, NearMissLogged]:
    """Return the near miss and its fact; raises `CaseStepNotPossible` for one that is yet to come.

    `earlier` is how many the case has already.
    """
    check_day(form.happened_on, at)
    fields = form.values_for(NearMissLogged)
    fact = NearMissLogged(**fields | {"case_ref": case_ref, "near_miss_ref": ref, "near_miss_count": earlier + 1})
    return NearMiss(ref, case_ref, at), fact


def check_day(day: date | None, at: datetime) -> None:
    """Raise `CaseStepNotPossible` for a day that is yet to come."""
    if day is not None and day > (at + A_DAY).date():
        raise CaseStepNotPossible("yet_to_come")
