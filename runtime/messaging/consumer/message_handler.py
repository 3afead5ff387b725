"""Handling what was read, however it was read: inbox row and effect in one commit, or parked, never lost.

Many messages share a commit; where one of them fails, each is tried by itself, so that it alone is parked.
Whatever may pass by itself is waited for, and the partition waits with it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Final
from uuid import UUID

from opentelemetry.trace import SpanKind
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import clock, failpoints
from runtime.auth.principal import Kind
from runtime.database import hot_path
from runtime.database.arrays import uuids
from runtime.database.unit_of_work import UnitOfWork
from runtime.error_kinds import ErrorKind, classify, safe_error_name
from runtime.keyring import Keyring
from runtime.messaging import dead_letters
from runtime.messaging.consumer.handlers import Handlers, NoAgency
from runtime.messaging.consumer.health import ConsumerHealth
from runtime.messaging.consumer.message import SealedMessage, read
from runtime.messaging.dead_letters import DeadLetterReason, RawRecord
from runtime.messaging.headers import UnreadableHeaders
from runtime.register.agencies import read_agency
from runtime.retry import Backoff, retry
from runtime.telemetry import log_fields, metrics
from runtime.telemetry.error_ids import error_id
from runtime.telemetry.tracing import act

# One round trip for each mailbox: its agency's wall goes up, and the agency is looked up.
ENTER = """
SELECT set_config('accord.agency', agency_id, true), kind, flags, purposes
FROM register.agency WHERE agency_id = %s AND active
"""
INBOX = """
INSERT INTO carrying.inbox (consumer, message_ref)
SELECT %s, ref FROM unnest(%s) AS ref ORDER BY ref
ON CONFLICT DO NOTHING RETURNING message_ref
"""
MOST: Final = 256
LEAST: Final = 16  # fewer would cost more commits than they save time, and a busy machine would only get busier
HELD_FOR: Final = 0.2  # seconds one commit may gather: effects may hold subjects, and a revocation waits for them
TRIES: Final = 5  # of what is contended, before it is parked
BACKOFF: Final = Backoff(0.1, 5.0)
log = logging.getLogger(__name__)


class CommitsItself(Exception):
    """An effect ended the transaction that holds its inbox row; only the worker commits."""


class MessageHandler:
    """Handles the records of one consumer."""

    def __init__(
        self,
        consumer: str,
        sessions: async_sessionmaker[AsyncSession],
        keys: Keyring,
        effects: Handlers,
        state: ConsumerHealth,
    ) -> None:
        self._consumer = consumer
        self._sessions = sessions
        self._keys = keys
        self._effects = effects
        self._state = state
        self._together = LEAST

    async def handle(self, received: Sequence[RawRecord]) -> None:
        """Return once each of these has had its effect, had it before, or is parked."""
        left = sorted(received, key=lambda record: record.topic)  # stable: the order within a mailbox stays
        while left:
            now, left = left[: self._together], left[self._together :]
            began = clock.monotonic()
            with act("handle", kind=SpanKind.CONSUMER, consumer=self._consumer, count=len(now)):
                if await self._handle_batch(now):
                    self._adapt_batch_size(len(now), clock.monotonic() - began)
                    continue
                for record in now:
                    await self._handle_single(record)

    async def retry_dead_letter(self, parked_ref: UUID) -> bool:
        """Handle a parked message as if it came now; tell whether it is settled."""
        try:
            async with self._transaction() as session:
                parked = await dead_letters.take(session, self._consumer, parked_ref)
                if parked is None:
                    return False
                await self._dispatch(session, [read(parked.received)])
                await dead_letters.resolve(session, parked_ref, "handled")
        except Exception as failed:
            log.warning(
                "dead_letter_retry_failed", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed))
            )
            async with self._sessions() as session:
                await dead_letters.count_attempt(session, parked_ref)
                await _commit(session)
            return False
        return True

    async def retry_requested(self) -> None:
        """Retry what an operator asked to have retried."""
        async with self._sessions() as session:
            parked_refs = await dead_letters.pending_retries(session, self._consumer)
        for parked_ref in parked_refs:
            await self.retry_dead_letter(parked_ref)

    async def _handle_batch(self, received: Sequence[RawRecord]) -> bool:
        """Handle these in one commit, and tell whether it went through."""
        try:
            offered = [read(record) for record in received]
        except UnreadableHeaders:
            return False

        async def attempt() -> None:
            async with self._transaction() as session:
                await self._dispatch(session, offered)

        try:
            await self._retry(attempt, tries=1)
        except Exception as failed:
            if len(received) > 1:
                log.info(
                    "batch_split",
                    extra=log_fields(
                        consumer=self._consumer, reason=safe_error_name(failed), error_id=error_id(failed)
                    ),
                )
            return False
        self._state.record_handled(len(received))
        return True

    async def _handle_single(self, received: RawRecord) -> None:
        tries = 0

        async def attempt() -> None:
            nonlocal tries
            tries += 1
            async with self._transaction() as session:
                await self._dispatch(session, [read(received)])

        try:
            await self._retry(attempt, tries=TRIES)
        except Exception as failed:
            await self._dead_letter(received, failed, tries)
        else:
            self._state.record_handled(1)

    async def _dispatch(self, session: AsyncSession, offered: Sequence[SealedMessage]) -> None:
        refs = uuids(message.message_ref for message in offered)
        fresh = {ref for (ref,) in await hot_path.fetch_all(session, INBOX, self._consumer, refs)}
        first = list(_first_of_each(offered, fresh))
        await self._effects.dispatch_batch(session, first)
        matching = filter(self._effects.dispatch_mailbox, first)
        for recipient, mail in groupby(matching, key=lambda message: message.recipient):
            unit = await self._unit(session, recipient)
            await self._effects.dispatch(unit, list(mail))

    async def _unit(self, session: AsyncSession, recipient: str) -> UnitOfWork:
        entered = await hot_path.fetch_all(session, ENTER, recipient)
        if not entered:
            raise NoAgency
        ((_, kind, flags, purposes),) = entered
        agency = read_agency(recipient, kind, flags, purposes)
        return UnitOfWork(session, agency, f"system:{self._consumer}", self._keys, Kind.SERVICE)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction that only this block's end commits."""
        done = False

        def guard(_: object) -> None:
            if not done and not sync_session.in_nested_transaction():
                raise CommitsItself

        async with self._sessions() as session:
            sync_session = session.sync_session
            event.listen(sync_session, "before_commit", guard)
            yield session
            done = True
            await _commit(session)

    async def _retry(self, attempt: Callable[[], Awaitable[None]], *, tries: int) -> None:
        """Attempt until it works; raise what lasts, or what is contended once `tries` are used up."""

        def note(failed: Exception) -> None:
            self._state.waits_for(failed)
            fields = log_fields(consumer=self._consumer, reason=safe_error_name(failed), error_id=error_id(failed))
            log.warning("consumer_blocked", extra=fields)

        await retry(attempt, BACKOFF, note, conflicts=tries)
        self._state.waits_for(None)

    async def _dead_letter(self, received: RawRecord, failed: Exception, tries: int) -> None:
        reason, message_ref = _reason(failed), _message_ref(received)

        async def attempt() -> None:
            async with self._sessions() as session:
                await dead_letters.put(
                    session, self._consumer, received, reason, tries=tries, message_ref=message_ref, failed=failed
                )
                await _commit(session)

        # A fault that lasts while parking is our own: the process ends, is seen, and nothing is acknowledged.
        await self._retry(attempt, tries=1_000_000)
        about = log_fields(
            consumer=self._consumer,
            message_ref=message_ref,
            reason=reason,
            code=safe_error_name(failed),
            error_id=error_id(failed),
        )
        log.error("dead_lettered", extra=about)
        metrics.parked(self._consumer, reason)
        self._state.record_dead_letter()

    def _adapt_batch_size(self, count: int, seconds: float) -> None:
        target = int(count * HELD_FOR / max(seconds, 0.001))
        self._together = max(LEAST, min(MOST, max(target, self._together // 2), self._together * 2))


async def _commit(session: AsyncSession) -> None:
    failpoints.hit("worker.before_commit")
    await session.commit()
    failpoints.hit("worker.after_commit")


def _first_of_each(offered: Sequence[SealedMessage], fresh: set[UUID]) -> Iterator[SealedMessage]:
    for message in offered:
        if message.message_ref in fresh:
            fresh.remove(message.message_ref)
            yield message


def _reason(failed: Exception) -> DeadLetterReason:
    if isinstance(failed, UnreadableHeaders):
        return DeadLetterReason.UNREADABLE
    if isinstance(failed, NoAgency):
        return DeadLetterReason.NO_AGENCY
    return DeadLetterReason.CONTENDED if classify(failed) is ErrorKind.CONFLICT else DeadLetterReason.FAILED


def _message_ref(received: RawRecord) -> UUID | None:
    try:
        return read(received).message_ref
    except UnreadableHeaders:
        return None
