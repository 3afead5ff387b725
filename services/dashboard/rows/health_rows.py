"""What pages read of the exchange's answers about how messages are carried, and of a service that says it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from services.dashboard.code_words import fact_words, words
from services.dashboard.language import mark
from services.dashboard.rows.service_row import ServiceRow

# Why a message was set aside, and what helps.
REASON_WORDS: Final[Mapping[str, str]] = {
    "unreadable": mark(
        "It was not written as ours are. Trying again will not help: end the wait, and tell the sender."
    ),
    "no_agency": mark("The mailbox belongs to no active agency. Try again once your operator has enrolled it."),
    "failed": mark("It failed each time it was tried. Try again after your operator has looked at it."),
    "contended": mark("The database was too busy. Try again."),
    "no_mailbox": mark("The other agency's mailbox does not exist. Try again once your operator has made it."),
    "too_large": mark("It is too large to be sent. End the wait, and record less at once."),
    "undecidable": mark("Consent could not be decided. Check the case's releases, then try again."),
}


class ReaderRow(ServiceRow):
    """How far a consumer of mailboxes was behind when it last noted so."""

    consumer: str
    observed_at: datetime
    unread_seconds: float


class CarriageRow(ServiceRow):
    """What waits to be sent, and how far those who read the mailbox are behind."""

    at: datetime
    waiting: int
    oldest_at: datetime | None
    readers: tuple[ReaderRow, ...] = ()


class OperationsRow(ServiceRow):
    """How long the agency's openings took at the exchange, and the free disk of its machine."""

    openings: int
    opening_p99_seconds: float | None
    disk_bytes: int
    disk_free_bytes: int


class DeadLetterRow(ServiceRow):
    """A message that was set aside."""

    parked_ref: UUID
    direction: str
    type: str | None
    agency_name: str | None
    reason: str
    tries: int
    parked_at: datetime
    retry: bool

    @property
    def what(self) -> str:
        """Return the kind of message, as far as it can be read."""
        return fact_words(self.type or "")

    @property
    def advice(self) -> str:
        """Return why it was set aside and what helps."""
        return REASON_WORDS.get(self.reason, words(self.reason))


class DeadLetterListRow(ServiceRow):
    """One page of messages that were set aside."""

    dead_letters: tuple[DeadLetterRow, ...]


class ReadyRow(ServiceRow):
    """A service that has all it needs."""

    ready: bool
