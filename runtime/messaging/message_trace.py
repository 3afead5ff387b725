"""One message followed from the outbox to the inboxes: where it is and when, never what it says or of whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.services import SERVICES

ROUTE: Final = text("SELECT recipient, state, number, queued_at FROM carrying.route_of(:message_ref)")
ARRIVALS: Final = text("SELECT consumer, received_at FROM carrying.arrivals_of(:message_ref, :consumers)")
DEAD_LETTERS: Final = text("""
SELECT consumer, topic, partition, "offset", reason, error_id, tries, parked_at, resolved_at, resolution
FROM carrying.parked WHERE message_ref = :message_ref
""")


@dataclass(frozen=True, slots=True)
class TraceStep:
    """Something that happened to a message at an instant, at a place: the outbox, a consumer, the ledger."""

    at: datetime
    name: str
    place: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MessageTrace:
    """A message's way; without a recipient and a state where nothing of ours offered it."""

    recipient: str | None
    state: str | None
    number: int | None  # within the recipient's case; None while the relay has not numbered it
    steps: tuple[TraceStep, ...]


async def trace(session: AsyncSession, message_ref: UUID) -> MessageTrace | None:
    """Return the way of a message as the administrator's role may see it; None for one that nobody has heard of.

    When the broker took it is not on record: its state says that it did.
    """
    ref = {"message_ref": message_ref}
    route = (await session.execute(ROUTE, ref)).one_or_none()
    arrivals = (await session.execute(ARRIVALS, ref | {"consumers": list(SERVICES)})).all()
    letters = (await session.execute(DEAD_LETTERS, ref)).all()
    steps = [TraceStep(row.received_at, "received", row.consumer) for row in arrivals]
    steps += [step for row in letters for step in _dead_letter_steps(row)]
    if route is None:
        return MessageTrace(None, None, None, tuple(steps)) if steps else None
    if route.queued_at is not None:
        steps.append(TraceStep(route.queued_at, "queued", "outbox"))
    return MessageTrace(route.recipient, route.state, route.number, tuple(steps))


def _dead_letter_steps(row: Any) -> Sequence[TraceStep]:
    at_broker = f"offset {row.offset} of {row.topic}/{row.partition}" if row.partition >= 0 else ""
    notes = [row.reason, row.error_id, f"tries {row.tries}", at_broker]
    parked = TraceStep(row.parked_at, "dead-lettered", row.consumer, ", ".join(filter(None, notes)))
    if row.resolved_at is None:
        return [parked]
    return [parked, TraceStep(row.resolved_at, "settled", row.consumer, row.resolution or "")]
