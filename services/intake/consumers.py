"""The consumer of intake: what other agencies and services tell of a case makes the review of its plan due.

It reads routing alone, and holds no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from runtime.database.clock import database_now
from runtime.database.unit_of_work import UnitOfWork
from runtime.messaging.consumer import SealedMessage, Worker
from schemas.codes import ReviewTrigger
from schemas.facts import (
    AlertClosed,
    IncidentReported,
    ProtectiveOrderExpired,
    ProtectiveOrderServed,
    ProtectiveOrderVacated,
    ProtectiveOrderViolated,
)
from services.intake import case_status, plan_reviews

TRIGGERS: Final[Mapping[str, ReviewTrigger]] = {
    AlertClosed.type: ReviewTrigger.ALERT_CLOSED,
    IncidentReported.type: ReviewTrigger.NEW_INCIDENT,
    ProtectiveOrderExpired.type: ReviewTrigger.ORDER_ENDED,
    ProtectiveOrderServed.type: ReviewTrigger.ORDER_SERVED,
    ProtectiveOrderVacated.type: ReviewTrigger.ORDER_ENDED,
    ProtectiveOrderViolated.type: ReviewTrigger.ORDER_VIOLATED,
}


def listen(worker: Worker) -> None:
    """Subscribe to what changes the danger."""
    worker.on_mailbox_batch(on_changed_danger, changes_danger)


def changes_danger(offered: SealedMessage) -> bool:
    """Tell whether a plan is reviewed after this, and nothing has let it be due yet.

    An incident that the agency recorded itself did so in the transaction that recorded it.
    """
    own_incident = offered.type == IncidentReported.type and offered.sender == offered.recipient
    return offered.type in TRIGGERS and not own_incident


async def on_changed_danger(unit: UnitOfWork, offered: Sequence[SealedMessage]) -> None:
    """Let the plan of each case be due for review by the end of the day, for whoever works on the case."""
    at = await database_now(unit.session)
    for message in offered:
        workers = await case_status.assigned_to(unit.session, unit.agency_id, message.case_ref)
        await plan_reviews.force(unit, message.case_ref, TRIGGERS[message.type], at, next(iter(workers), None))
