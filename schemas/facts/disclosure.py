"""Something was opened without a release: because the law compelled it, or in an emergency.

The custodian alone is told by these; the survivor is told on a safe channel.
"""

from typing import ClassVar, Literal

from schemas.categories import Terms
from schemas.codes import EmergencyReason, Instrument
from schemas.facts.fact import DirectiveFact
from schemas.values import AgencyRef, Count, FieldPath, Instant, Items, PersonRef


class DisclosureCompelled(DirectiveFact):
    """Named fields were released because the law compelled it; a subpoena alone never does."""

    type: ClassVar[str] = "accord.disclosure.compelled.v1"

    custodian_ref: Terms[AgencyRef]
    recipient_ref: Terms[AgencyRef | None] = None  # absent when the recipient is outside Accord
    instrument: Terms[Literal[Instrument.COURT_ORDER, Instrument.WARRANT, Instrument.STATUTE]]
    only_fields: Terms[Items[FieldPath]]
    notice_attempts: Terms[Count]
    released_at: Terms[Instant]


class DisclosureEmergencyOpened(DirectiveFact):
    """Two persons opened the emergency fields, for an hour at most."""

    type: ClassVar[str] = "accord.disclosure.emergency_opened.v1"

    custodian_ref: Terms[AgencyRef]
    recipient_ref: Terms[AgencyRef]
    reason: Terms[EmergencyReason]
    requested_by: Terms[PersonRef]
    approved_by: Terms[PersonRef]
    opened_at: Terms[Instant]
    valid_until: Terms[Instant]
    review_due_at: Terms[Instant | None] = None
