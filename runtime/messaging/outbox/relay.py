"""The relay: moves sealed bytes from the outbox to mailboxes.  It cannot enqueue, and it opens nothing.

At least once and in order: a row is forgotten only after the broker has it on all replicas.  A relay that
dies between the two sends again, with the same message reference, and consumers drop what they have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from runtime import clock, disclosure, failpoints
from runtime.messaging import dead_letters
from runtime.messaging.acls import RELAY
from runtime.messaging.outbox import table
from runtime.messaging.outbox.dispatcher import WITHIN, DispatcherState, OutboxDispatcher, commit, retry_forever
from runtime.messaging.producer import DeliveryStatus, MailboxProducer
from runtime.retry import pause
from runtime.settings import BrokerSettings
from runtime.telemetry import metrics

# ADR 0025: a shard is the subject modulo this, so that the order within a case and recipient holds.
SHARDS: Final = 4  # as many as `runtime.messaging.outbox.queue` spreads over; a test holds the two together
GRACE_SECONDS: Final = 30.0
LOOK_EVERY: Final = 0.01  # seconds; a fact that comes alone waits half of it


class Relay:
    """Sends what waits, each shard owned by one relay of however many run."""

    def __init__(
        self, settings: BrokerSettings, engine: AsyncEngine, *, shards: int = SHARDS, grace: float = GRACE_SECONDS
    ) -> None:
        failpoints.arm(settings)
        self.state = DispatcherState()
        self._settings = settings
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._stopping = asyncio.Event()
        self._sender = OutboxDispatcher(engine, shards, MailboxProducer(settings), self.state, grace=grace)

    async def run(self) -> None:
        """Send until `stop`; raises where something will not pass by itself, so that the process ends and is seen."""
        works = [self._sender.serve(self._stopping), self._look_after(), self._look_out()]
        ended = await asyncio.gather(*map(self._ending_all, works), return_exceptions=True)
        failed = [error for error in ended if isinstance(error, Exception)]
        if failed:
            raise ExceptionGroup("the relay stopped", failed)

    def stop(self) -> None:
        """Finish the batch under way and return from `run`."""
        self._stopping.set()
        self._sender.woken.set()

    async def _ending_all(self, work: Coroutine[None, None, None]) -> None:
        # The others finish their batch: a task cancelled within a statement would leave its connection open.
        try:
            await work
        finally:
            self.stop()

    async def retry_dead_letter(self, parked_ref: UUID) -> bool:
        """Send a parked message after all, if consent still allows it; tell whether it is settled."""
        carrier = MailboxProducer(self._settings)
        try:
            async with self._sessions() as session:
                settled = await self._retry(session, carrier, parked_ref)
                if settled is None:
                    await session.rollback()
                    await dead_letters.count_attempt(session, parked_ref)
                else:
                    await dead_letters.resolve(session, parked_ref, settled)
                await commit(session)
        finally:
            await asyncio.to_thread(carrier.close)
        return settled is not None

    async def _retry(self, session: AsyncSession, carrier: MailboxProducer, parked_ref: UUID) -> str | None:
        parked = await dead_letters.take(session, RELAY, parked_ref)
        if parked is None:
            return None
        row = await table.from_dead_letters(session, parked.received)
        if row is None:  # deleted with its case since: nothing allows it any more
            return "withheld"
        if row.message_ref not in await disclosure.relayable(session, [row]):
            await table.withheld(session, [row])
            return "withheld"
        (number,) = await table.number(self._engine, [row])
        letters = [row.to_record(number)]
        (fate,) = await asyncio.to_thread(lambda: carrier.produce(letters, within=WITHIN))
        if fate is not DeliveryStatus.DELIVERED:
            return None
        await table.relayed(session, [row])
        return "relayed"

    async def _look_out(self) -> None:
        """Wake the sender when something waits: a question that reads no row, so that it can be asked often."""
        await retry_forever(self._ask_what_waits, self.state, self._stopping)

    async def _ask_what_waits(self) -> None:
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            async with AsyncSession(bind=connection) as session:
                while not self._stopping.is_set():
                    began = clock.monotonic()
                    # One that is awake looks by itself, and one that owns no shard has nothing to look for.
                    asleep = bool(self.state.owned) and not self._sender.woken.is_set()
                    if asleep and await table.has_pending(session, self.state.owned, self.state.out_of_reach()):
                        self._sender.woken.set()
                    # Many rows that are held make the question dear; then it is asked less often.
                    await pause(self._stopping, max(LOOK_EVERY, 5 * (clock.monotonic() - began)))

    async def _look_after(self) -> None:
        probe = MailboxProducer(self._settings)

        async def look() -> None:
            while not self._stopping.is_set():
                # With nothing to send nobody would notice that the broker is away.
                self.state.broker = await asyncio.to_thread(lambda: probe.broker_answered(within=WITHIN))
                await self._measure_and_retry()
                await pause(self._stopping, 1.0)

        try:
            await retry_forever(look, self.state, self._stopping)
        finally:
            await asyncio.to_thread(probe.close)

    async def _measure_and_retry(self) -> None:
        async with self._sessions() as session:
            depth, self.state.oldest = await table.waiting(session)
            parked_refs = await dead_letters.pending_retries(session, RELAY)
        metrics.outbox(depth, self.state.oldest)
        for parked_ref in parked_refs:
            await self.retry_dead_letter(parked_ref)
