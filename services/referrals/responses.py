"""What referrals answers: references, states and instants, and of them only what the decision opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from schemas.codes import ConflictCheck, OutcomeCode, Priority, ReferralKind, ReferralMode, ReferralState, ServiceCode
from schemas.strict_model import StrictModel
from schemas.taxonomy import bit
from services.referrals.domain import Referral


class ReferralResponse(StrictModel):
    """A referral as the asker may see it now; what is not open to the asker is not named."""

    referral_ref: UUID
    case_ref: UUID
    version: int | None = None
    changed_at: datetime | None = None
    from_agency_ref: str | None = None
    to_agency_ref: str | None = None
    created_at: datetime | None = None
    kind: ReferralKind | None = None
    mode: ReferralMode | None = None
    service_code: ServiceCode | None = None
    priority: Priority | None = None
    answer_by: datetime | None = None
    status: ReferralState | None = None
    reason_code: str | None = None
    outcome_code: OutcomeCode | None = None
    overdue_since: datetime | None = None
    conflict_check: ConflictCheck | None = None
    follows_ref: UUID | None = None
    spoken_code: str | None = None
    assigned_to: str | None = None  # of the receiving agency's own people, and in answers to them only


class ConflictCheckResponse(StrictModel):
    """What was recorded of a conflict check."""

    case_ref: UUID
    conflict_check: ConflictCheck


class ReferralsResponse(StrictModel):
    """A page of referrals, in the order asked for."""

    referrals: list[ReferralResponse]


def answer_for(
    referral: Referral, referral_ref: UUID, case_ref: UUID, mask: int, assigned_to: str | None = None
) -> ReferralResponse:
    """Return what `mask` opens of the referral, by the references under which the asker knows it.

    Who answers it is no part of the referral, and known to the agency whose people they are.
    """
    values: dict[str, Any] = {
        "from_agency_ref": referral.sending_agency,
        "to_agency_ref": referral.receiving_agency,
        "created_at": referral.created_at,
        "kind": referral.kind,
        "mode": referral.mode,
        "service_code": referral.service_code,
        "priority": referral.priority,
        "answer_by": referral.answer_by,
        "status": referral.state,
        "reason_code": referral.reason_code,
        "outcome_code": referral.outcome_code,
        "overdue_since": referral.overdue_since,
        "conflict_check": referral.conflict_check,
        "spoken_code": referral.spoken_code,
        # The sender's own name for the older one; others would know it by names of their own.
        "follows_ref": referral.follows_ref if referral_ref == referral.referral_ref else None,
    }
    fields = {name: value for name, value in values.items() if mask & bit(f"referral_status.{name}")}
    if "status" in fields:
        # Each counts or dates a change of state: who may not know the state must not see that it changed.
        fields |= {"version": referral.version, "changed_at": referral.changed_at}
    return ReferralResponse(referral_ref=referral_ref, case_ref=case_ref, assigned_to=assigned_to, **fields)


class WorkloadRow(StrictModel):
    """How many open referrals a person answers."""

    person_ref: str
    open: int


class WorkloadResponse(StrictModel):
    """How many open referrals each of the agency's people answers; whoever answers none is left out."""

    people: list[WorkloadRow]
    whole: bool


class StateCount(StrictModel):
    """How many followed referrals are in a state."""

    state: ReferralState
    count: int


class AgencyFiguresResponse(StrictModel):
    """How one agency answers what it is sent; hours are those to the first reply, null where none is known."""

    model_config = ConfigDict(from_attributes=True)

    agency_id: str
    name: str
    sent: int
    accepted: int
    declined: int
    open: int
    overdue: int
    median_hours_to_reply: float | None


class ContactFiguresResponse(StrictModel):
    """How long survivors waited from the sending to the first contact, by priority; null where none is known."""

    model_config = ConfigDict(from_attributes=True)

    priority: Priority
    median_hours_to_contact: float | None


class StatisticsResponse(StrictModel):
    """How followed referrals go: by state, by the agency they were sent to, and by priority."""

    at: datetime
    whole: bool
    states: list[StateCount]
    agencies: list[AgencyFiguresResponse]
    contacts: list[ContactFiguresResponse]
