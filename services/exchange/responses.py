"""What the exchange answers, as other systems see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import ConfigDict, Field

from kernel.ledger.promise import hash_text
from runtime.disclosure import Opening
from runtime.disclosure.state_reads import Openable
from runtime.messaging.dead_letters import DeadLetterReason
from schemas.codes import Purpose
from schemas.strict_model import StrictModel
from services.exchange import domain
from services.exchange.carriage import MessageDirection
from services.exchange.store import Listed

T = TypeVar("T")
IfAny = Annotated[T | None, Field(exclude_if=lambda value: value is None)]  # not named where there is none


class MessageResponse(StrictModel):
    """The routing of a message.

    `fact_ref` is the same for every copy of one fact, and yours alone. `occurred_at` is exact for a fact of your own,
    else a minute, at most six minutes before it; order within a case is that of the list. `opened_at` is when somebody
    of your agency opened it first, `handled_at` and `handled_by` when and by whom it was marked as dealt with.
    """

    message_ref: UUID
    fact_ref: UUID | None = None
    type: str
    case_ref: UUID
    sender: str
    occurred_at: datetime
    opened_at: IfAny[datetime] = None
    handled_at: IfAny[datetime] = None
    handled_by: IfAny[str] = None

    @classmethod
    def of(cls, listed: Listed) -> MessageResponse:
        """Return the answer for one listed message."""
        return cls(
            message_ref=listed.message_ref,
            fact_ref=listed.fact_ref,
            type=listed.type,
            case_ref=listed.case_ref,
            sender=listed.sender,
            occurred_at=listed.occurred_at,
            opened_at=listed.opened_at,
            handled_at=listed.handled_at,
            handled_by=listed.handled_by,
        )


class PageResponse(StrictModel):
    """A page of a mailbox. `cursor` asks for what comes behind it, now or at a later time."""

    messages: list[MessageResponse]
    cursor: str | None


class PurposesResponse(MessageResponse):
    """The routing of a message, and for which purposes this person of this agency could open it now."""

    purposes: list[Purpose]

    @classmethod
    def of_openable(cls, listed: Listed, openable: Openable) -> PurposesResponse:
        """Return the answer for a message that could be opened."""
        routing = MessageResponse.of(replace(listed, fact_ref=openable.fact_ref))
        return cls(**dict(routing), purposes=openable.purposes)


class DisclosureScope(StrictModel):
    """On whose word, for what and until when; an agency's own record has no end."""

    purpose: Purpose
    basis: str | None = None
    directives: list[UUID]
    until: datetime | None = None


class DisclosureNoticeResponse(StrictModel):
    """What may not be done with what was opened."""

    codes: list[domain.DisclosureNotice]
    text: str


class RecordResponse(StrictModel):
    """The look, as it is on record. `leaf` is its hash in the ledger's tree (RFC 6962, base64).

    `promise` is a note (C2SP signed-note) in which this process promises that `leaf`, and every other leaf it lists,
    is in the tree at the instant it names. Keep it: what is missing then was taken away.
    """

    leaf: str
    promise: str | None = None


class OpeningResponse(MessageResponse):
    """What this person may see of the message now: by category, permitted fields only, and nothing else named."""

    categories: dict[str, dict[str, Any]]
    terms: dict[str, Any] | None = None
    scope: DisclosureScope
    notice: DisclosureNoticeResponse
    record: RecordResponse

    @classmethod
    def of_opening(cls, opening: Opening, promised: str | None) -> OpeningResponse:
        """Return the answer for one opening, with the note that promises its look to be in the tree."""
        codes = domain.notices(opening.categories.keys(), opening.terms)
        return cls(
            message_ref=opening.message_ref,
            fact_ref=opening.fact_ref,
            type=opening.type,
            case_ref=opening.case_ref,
            sender=opening.sender,
            occurred_at=opening.occurred_at,
            categories={str(category): dict(fields) for category, fields in opening.categories.items()},
            terms=None if opening.terms is None else dict(opening.terms),
            scope=DisclosureScope(
                purpose=opening.purpose,
                basis=opening.basis,
                directives=list(opening.directives),
                until=opening.until,
            ),
            record=RecordResponse(leaf=hash_text(opening.leaf), promise=promised),
            notice=DisclosureNoticeResponse(codes=list(codes), text=" ".join(domain.TEXTS[code] for code in codes)),
        )


class OpeningsResponse(StrictModel):
    """What was opened, in the order asked; what is absent is not named. One promise covers all of it."""

    opened: list[OpeningResponse]
    promise: str | None = None


class MailboxReaderResponse(StrictModel):
    """For how long the oldest message of any mailbox here waited for a consumer, when it last noted so."""

    model_config = ConfigDict(from_attributes=True)

    consumer: str
    observed_at: datetime
    unread_seconds: float


class CarriageResponse(StrictModel):
    """What of this agency waits to be sent (up to 1,000) and since when, and how far its mailbox is behind.

    `unread_seconds` is for how long the oldest message of any mailbox here waited to be kept, when the keeper last said
    so at `observed_at`; both are null where it never did. A keeper that says nothing stands still. `readers` tells the
    same of each consumer that ever noted it.
    """

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    waiting: int
    oldest_at: datetime | None
    observed_at: datetime | None
    unread_seconds: float | None
    readers: tuple[MailboxReaderResponse, ...]


class OperationsResponse(StrictModel):
    """How long this agency's own openings took, and how much disk is free where the exchange runs.

    99 in 100 of the latest `openings` within an hour, at most 1,000, were answered in `opening_p99_seconds`, as the
    process that answers here timed them; null where it answered none.
    """

    openings: int
    opening_p99_seconds: float | None
    disk_bytes: int
    disk_free_bytes: int


class DeadLetterResponse(StrictModel):
    """A message that was set aside, by its route. `retry`: it will be tried again in a moment."""

    model_config = ConfigDict(from_attributes=True)

    parked_ref: UUID
    direction: MessageDirection
    type: str | None
    agency_id: str | None
    agency_name: str | None
    reason: DeadLetterReason
    tries: int
    parked_at: datetime
    retry: bool


class DeadLettersResponse(StrictModel):
    """A page of messages that were set aside, the oldest first. `cursor` asks for the next page; null on the last."""

    dead_letters: list[DeadLetterResponse]
    cursor: str | None
