"""A message as effects see it: routing in the clear, the fact itself still sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from runtime.messaging import headers
from runtime.messaging.acls import MAILBOXES
from runtime.messaging.dead_letters import RawRecord
from runtime.messaging.headers import UnreadableHeaders


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """A sealed copy of a fact, made available to one agency."""

    message_ref: UUID
    type: str
    case_ref: UUID  # the recipient's own
    recipient: str
    sender: str
    sent_at: datetime
    sequence: int
    body: bytes = field(repr=False)


def read(received: RawRecord) -> SealedMessage:
    """Return what was received as a message; raises `UnreadableHeaders` where its parts do not agree."""
    recipient = received.topic.removeprefix(MAILBOXES)
    if recipient == received.topic:
        raise UnreadableHeaders("topic")
    routing = headers.read(received.headers)
    if received.key != str(routing.case_ref).encode("ascii"):
        raise UnreadableHeaders("key")
    if not received.body:
        raise UnreadableHeaders("body")
    return SealedMessage(
        message_ref=routing.message_ref,
        type=routing.type,
        case_ref=routing.case_ref,
        recipient=recipient,
        sender=routing.sender,
        sent_at=routing.occurred_at,
        sequence=routing.sequence,
        body=received.body,
    )
