"""What consent answers about acknowledgements: to each side what is its to know."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from schemas.strict_model import StrictModel
from schemas.values import AgencyRef
from services.consent.domain.acknowledgements import Acknowledgement, AcknowledgementState


class AcknowledgementResponse(StrictModel):
    """An ending that a recipient was told of, as one of its sides knows it.

    `directive_ref` is the release as the asker knows it; `acknowledged_by` is for the recipient alone.
    """

    ending_ref: UUID
    directive_ref: UUID
    custodian_ref: AgencyRef
    recipient_ref: AgencyRef
    state: AcknowledgementState
    told_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None

    @classmethod
    def of(cls, ending: Acknowledgement, agency_id: str) -> AcknowledgementResponse:
        """Return the ending as this side knows it."""
        received = ending.recipient == agency_id
        return cls(
            ending_ref=ending.received_ref if received else ending.ending_ref,
            directive_ref=ending.known_ref if received else ending.directive_ref,
            custodian_ref=ending.custodian,
            recipient_ref=ending.recipient,
            state=ending.state,
            told_at=ending.told_at,
            acknowledge_by=ending.due_at,
            acknowledged_at=ending.acknowledged_at,
            acknowledged_by=ending.acknowledged_by if received else None,
        )


class AcknowledgementsResponse(StrictModel):
    """The endings about a case of which the asker's agency is a side, oldest first."""

    acknowledgements: list[AcknowledgementResponse]
