"""An ending that a recipient was told of, and whether it has confirmed that it uses its copy no more.

| from | to | who |
|---|---|---|
| - | waiting | a release is stopped, narrowed or over, and its recipient is told |
| waiting | overdue | the clock, after 24 hours |
| waiting, overdue | acknowledged | a person or system of the recipient |

acknowledged is final. An ending holds whether or not it is acknowledged: the fence does not ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class AcknowledgementState(StrEnum):
    """Where an acknowledgement stands."""

    WAITING = "waiting"
    OVERDUE = "overdue"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An ending as both sides keep it."""

    ending_ref: UUID  # as the custodian knows it
    received_ref: UUID  # as the recipient knows it
    custodian: str
    recipient: str
    directive_ref: UUID
    known_ref: UUID  # the directive as the recipient knows it
    told_at: datetime
    due_at: datetime
    overdue_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None

    @property
    def state(self) -> AcknowledgementState:
        """Return where it stands."""
        if self.acknowledged_at is not None:
            return AcknowledgementState.ACKNOWLEDGED
        return AcknowledgementState.WAITING if self.overdue_at is None else AcknowledgementState.OVERDUE
