"""What follows from a message: the functions a service named, in the order it named them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.arrays import uuids
from runtime.database.hot_path import fetch_all
from runtime.database.unit_of_work import UnitOfWork
from runtime.messaging.consumer.message import SealedMessage
from runtime.telemetry.tracing import continued
from schemas.facts import Fact

Handler = Callable[[UnitOfWork, SealedMessage], Awaitable[None]]
MailboxBatchHandler = Callable[[UnitOfWork, Sequence[SealedMessage]], Awaitable[None]]
BatchHandler = Callable[[AsyncSession, Sequence[SealedMessage]], Awaitable[None]]
About = Callable[[SealedMessage], bool]
TRACES = "SELECT message_ref, traceparent FROM carrying.offer WHERE message_ref = ANY(%s) AND traceparent IS NOT NULL"


class NoAgency(Exception):
    """The mailbox belongs to no active agency."""


def anything(_: SealedMessage) -> bool:
    """Tell that a message is meant, whichever it is."""
    return True


async def traces_of(session: AsyncSession, message_refs: Collection[UUID]) -> dict[UUID, str]:
    """Return the `traceparent` that is kept beside each offer, for those of the agency whose wall is up."""
    return dict(await fetch_all(session, TRACES, uuids(message_refs)))


class Handlers:
    """The effects of one consumer."""

    def __init__(self) -> None:
        self._all: list[BatchHandler] = []
        self._many: list[tuple[MailboxBatchHandler, About]] = []
        self._by_type: dict[str, list[Handler]] = {}

    def on(self, fact: type[Fact] | str, effect: Handler) -> None:
        """Do `effect` for each message of this type."""
        name = fact if isinstance(fact, str) else fact.type
        self._by_type.setdefault(name, []).append(effect)

    def on_batch(self, effect: BatchHandler) -> None:
        """Do `effect` once for all that came together, whichever mailboxes it came to, in order.

        No wall is up: whatever it writes, it puts up that agency's.  It raises `NoAgency` where there is none.
        """
        self._all.append(effect)

    def on_mailbox_batch(self, effect: MailboxBatchHandler, about: About = anything) -> None:
        """Do `effect` once for what came together to one mailbox, in order: one statement for many rows."""
        self._many.append((effect, about))

    def dispatch_mailbox(self, offered: SealedMessage) -> bool:
        """Tell whether anything follows from a message for its mailbox's agency by itself."""
        return offered.type in self._by_type or any(about(offered) for _, about in self._many)

    async def dispatch_batch(self, session: AsyncSession, offered: Sequence[SealedMessage]) -> None:
        """Do what follows from all of these messages together."""
        for effect in self._all:
            if offered:
                await effect(session, offered)

    async def dispatch(self, unit: UnitOfWork, offered: Sequence[SealedMessage]) -> None:
        """Do all that follows from messages to one mailbox; `unit` is that agency's.

        What follows from one message goes on in the trace that offered it.
        """
        for many, about in self._many:
            matching = [message for message in offered if about(message)]
            if matching:
                await many(unit, matching)
        alone = [message for message in offered if self._by_type.get(message.type)]
        traces = await traces_of(unit.session, [message.message_ref for message in alone]) if alone else {}
        for message in alone:
            unit.traceparent = traces.get(message.message_ref)
            with continued(unit.traceparent):
                for effect in self._by_type[message.type]:
                    await effect(unit, message)
