"""What consent answers about requests for fields: to each side what is its to know."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.strict_model import StrictModel
from schemas.values import AgencyRef
from services.consent.domain.field_requests import FieldRequest, FieldRequestState, RequesterView


class FieldRequestResponse(StrictModel):
    """A request for fields as one of its sides knows it; the requester learns no more than whether it is authorised.

    `reason`, `requested_by` and how it was answered are the custodian's to know.
    """

    request_ref: UUID
    custodian_ref: AgencyRef
    requester_ref: AgencyRef
    purpose: Purpose
    categories: list[DataCategory]
    state: FieldRequestState | RequesterView
    version: int
    requested_at: datetime
    due_at: datetime
    reason: str | None = None
    requested_by: str | None = None
    answered_at: datetime | None = None

    @classmethod
    def of(cls, request: FieldRequest, agency_id: str) -> FieldRequestResponse:
        """Return the request as this side knows it."""
        own = request.custodian == agency_id
        return cls(
            request_ref=request.request_ref if own else request.asked_ref,
            custodian_ref=request.custodian,
            requester_ref=request.requester,
            purpose=request.purpose,
            categories=sorted(request.categories),
            state=request.state if own else request.seen_by_requester,
            version=request.version if own else min(request.version, 1),
            requested_at=request.requested_at,
            due_at=request.due_at,
            reason=request.reason if own else None,
            requested_by=request.requested_by if own else None,
            answered_at=request.answered_at if own else None,
        )


class FieldRequestsResponse(StrictModel):
    """The requests about a case of which the asker's agency is a side, oldest first."""

    requests: list[FieldRequestResponse]
