"""What waits in the shards of one relay: claimed, decided again, carried, and only then forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from runtime import clock, disclosure, failpoints
from runtime.batch_throttle import Throttle
from runtime.error_kinds import DependencyUnavailable, ErrorKind, classify, safe_error_name
from runtime.messaging.acls import RELAY
from runtime.messaging.dead_letters import DeadLetterReason, put
from runtime.messaging.outbox import table
from runtime.messaging.outbox.table import OutboxRow
from runtime.messaging.producer import BODY_LIMIT, DeliveryStatus, MailboxProducer
from runtime.retry import Backoff, pause, retry
from runtime.telemetry import log_fields, metrics
from runtime.telemetry.error_ids import error_id
from runtime.telemetry.tracing import act
from schemas.topics import mailbox

T = TypeVar("T")
BATCH: Final = 200  # small in time, about 40 ms: a revocation waits for the batch that holds its subject
WITHIN: Final = 2.0  # seconds that a batch, and so a subject's lock, may wait for the broker
EVERY: Final = 0.1  # seconds from one batch to the next, where the next would not be full
SOME: Final = 3  # batches at once after a rest: facts that come alone wait for no others
IDLE: Final = 1.0  # seconds until it looks by itself, where nobody woke it
TAKE_OVER: Final = 0.5  # seconds between two tries to own what another relay owns
MOST_UNDECIDED: Final = 20
DATABASE_BACKOFF: Final = Backoff(0.5, 0.5)  # all that is asked is whether the database is there
BROKER_BACKOFF: Final = Backoff(0.1, 2.0)
HOLD: Final = 1.0  # seconds until a recipient without a mailbox is tried again
log = logging.getLogger(__name__)


@dataclass(slots=True)
class HeldMailbox:
    """A recipient who cannot be delivered to just now; the others' letters go on."""

    since: float
    again_at: float


@dataclass(slots=True)
class DispatcherState:
    """The state of a relay, for readiness and metrics."""

    owned: set[int] = field(default_factory=set)
    broker: bool = True
    database: bool = True
    held_mailboxes: dict[str, HeldMailbox] = field(default_factory=dict)
    relayed: int = 0
    withheld: int = 0
    parked: int = 0
    oldest: float = 0.0

    def out_of_reach(self) -> list[str]:
        """Return the recipients whose letters are held just now."""
        now = clock.monotonic()
        return [recipient for recipient, hold in self.held_mailboxes.items() if hold.again_at > now]

    def missing(self) -> tuple[str, ...]:
        """Return what the relay needs and does not have."""
        parts = (("database", self.database), ("broker", self.broker))
        return tuple(part for part, available in parts if not available)


class OutboxDispatcher:
    """Sends the rows of all shards that it can own, oldest first, each shard in order.

    All in one batch: a commit, the locks and the broker's answer cost as much for one shard's rows as for everybody's.
    """

    def __init__(
        self, engine: AsyncEngine, shards: int, carrier: MailboxProducer, state: DispatcherState, *, grace: float
    ) -> None:
        self.woken = asyncio.Event()
        self._engine = engine
        self._shards = frozenset(range(shards))
        self._carrier = carrier
        self._state = state
        self._grace = grace  # how long a mailbox may be missing until its letters are parked
        self._pace = Throttle(EVERY, at_once=SOME)
        self._looked_for_shards = Throttle(TAKE_OVER)
        self._reached: set[str] = set()
        self._alone = 0  # so many rows yet to be tried one by one, as one of them would not be decided
        self._undecided = 0  # so many in a row
        # One thread, so that the carrier is never used by two.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay")

    async def serve(self, stopping: asyncio.Event) -> None:
        """Own each shard whenever nobody else does, and send what waits, until `stopping`."""
        try:
            await retry_forever(lambda: self._serve(stopping), self._state, stopping)
        finally:
            await self._in_thread(self._carrier.close)
            self._thread.shutdown(wait=False)

    async def _serve(self, stopping: asyncio.Event) -> None:
        connected = self._engine.connect()
        async with connected as connection, AsyncSession(bind=connection, expire_on_commit=False) as session:
            try:
                self._looked_for_shards = Throttle(TAKE_OVER)
                await self._send_what_waits(session, stopping)
            finally:
                self._state.owned.clear()
                await connection.invalidate()  # the ownership ends with the server's session

    async def _send_what_waits(self, session: AsyncSession, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self._own(session)
            self.woken.clear()
            claimed = await self._claim(session)
            self._state.database = True
            if claimed:
                self._pace.begin()
                with act("relay", kind=SpanKind.PRODUCER, count=len(claimed)):
                    await self._send_guarded(session, claimed)
                if not self._state.broker:
                    await self._until_the_broker_answers(stopping)
            else:
                await session.rollback()
                await pause(self.woken, IDLE if self._state.owned == self._shards else TAKE_OVER)
            if len(claimed) < BATCH and not self._alone:
                await pause(stopping, self._pace.wait())

    async def _own(self, session: AsyncSession) -> None:
        """Take what is nobody's, now and then."""
        if self._state.owned == self._shards or self._looked_for_shards.wait():
            return
        self._looked_for_shards.begin()
        for shard in sorted(self._shards - self._state.owned):
            if await table.try_lock_shard(session, shard):
                self._state.owned.add(shard)

    async def _claim(self, session: AsyncSession) -> list[OutboxRow]:
        unreachable = self._state.out_of_reach()
        claimed = await table.claim(session, self._state.owned, unreachable, 1 if self._alone else BATCH)
        self._alone = max(0, self._alone - len(claimed)) if claimed else 0
        return claimed

    async def _send_guarded(self, session: AsyncSession, claimed: Sequence[OutboxRow]) -> None:
        try:
            await self._send(session, claimed)
            self._undecided = 0
        except Exception as failed:
            kind = classify(failed)
            if kind is ErrorKind.UNAVAILABLE:
                raise
            await session.rollback()
            log.warning(
                "relay_batch_failed", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed))
            )
            if kind is ErrorKind.CONFLICT:
                return
            if len(claimed) > 1:
                self._alone = len(claimed)
                return
            # It alone cannot be decided, so it must not stand in the way of the others for ever.  But where nothing
            # can be decided, the fault is ours, and the right act is to stop.
            self._undecided += 1
            if self._undecided > MOST_UNDECIDED:
                raise
            await self._dead_letter(session, claimed, DeadLetterReason.UNDECIDABLE, failed)
            await commit(session)

    async def _send(self, session: AsyncSession, claimed: Sequence[OutboxRow]) -> None:
        failpoints.hit("relay.after_claim")
        await self._dead_letter(
            session, [row for row in claimed if len(row.body) > BODY_LIMIT], DeadLetterReason.TOO_LARGE
        )
        waiting = await self._with_a_mailbox(session, [row for row in claimed if len(row.body) <= BODY_LIMIT])
        may_go = await disclosure.relayable(session, waiting) if waiting else set()
        going = [row for row in waiting if row.message_ref in may_go]
        lapsed = [row for row in waiting if row.message_ref not in may_go]
        if lapsed:
            await self._withhold(session, lapsed)
            return
        going = table.mixed(going)
        fates = await self._produce(going)
        failpoints.hit("relay.after_produce")
        delivered = [row for row, fate in zip(going, fates, strict=True) if fate is DeliveryStatus.DELIVERED]
        await table.relayed(session, delivered)
        await self._dead_letter(session, _of(going, fates, DeliveryStatus.TOO_LARGE), DeadLetterReason.TOO_LARGE)
        for row in _of(going, fates, DeliveryStatus.NO_MAILBOX) + _of(going, fates, DeliveryStatus.REFUSED):
            self._hold(row.recipient)
        await commit(session)
        self._state.relayed += len(delivered)
        self._state.broker = DeliveryStatus.UNKNOWN not in fates

    async def _withhold(self, session: AsyncSession, lapsed: Sequence[OutboxRow]) -> None:
        """Put on record what may not be sent, before anything that comes after it is.

        Were that undone with a relay that dies, a later yes would send it behind what it came before.
        """
        await table.withheld(session, lapsed)
        await commit(session)
        self._state.withheld += len(lapsed)

    async def _produce(self, going: Sequence[OutboxRow]) -> list[DeliveryStatus]:
        if not going:
            return []
        numbers = await table.number(self._engine, going)
        failpoints.hit("relay.after_number")
        letters = [row.to_record(number) for row, number in zip(going, numbers, strict=True)]
        return await self._in_thread(lambda: self._carrier.produce(letters, within=WITHIN))

    async def _with_a_mailbox(self, session: AsyncSession, waiting: Sequence[OutboxRow]) -> list[OutboxRow]:
        """Return the rows that can be delivered; the others are held, or parked once held too long."""
        deliverable: list[OutboxRow] = []
        for recipient in dict.fromkeys(row.recipient for row in waiting):
            rows = [row for row in waiting if row.recipient == recipient]
            fate = await self._reach(recipient)
            if fate in (
                DeliveryStatus.DELIVERED,
                DeliveryStatus.UNKNOWN,
            ):  # while the broker is silent, carrying is what finds out
                deliverable += rows
            elif self._hold(recipient) > self._grace and fate is DeliveryStatus.NO_MAILBOX:
                await self._dead_letter(session, rows, DeadLetterReason.NO_MAILBOX)
        return sorted(deliverable, key=lambda row: row.id)

    async def _reach(self, recipient: str) -> DeliveryStatus:
        if recipient in self._reached:
            return DeliveryStatus.DELIVERED
        topic = mailbox(recipient)
        fate = await self._in_thread(lambda: self._carrier.mailbox(topic, within=WITHIN))
        if fate is DeliveryStatus.DELIVERED:
            self._reached.add(recipient)
            self._state.held_mailboxes.pop(recipient, None)
        return fate

    def _hold(self, recipient: str) -> float:
        """Hold a recipient's letters for a while and return for how long they have been held by now."""
        self._reached.discard(recipient)
        now = clock.monotonic()
        hold = self._state.held_mailboxes.setdefault(recipient, HeldMailbox(now, now))
        hold.again_at = now + HOLD
        log.warning("mailbox_unreachable", extra=log_fields(recipient=recipient))
        return now - hold.since

    async def _dead_letter(
        self,
        session: AsyncSession,
        unsendable: Sequence[OutboxRow],
        reason: DeadLetterReason,
        failed: Exception | None = None,
    ) -> None:
        named = None if failed is None else error_id(failed)
        for row in unsendable:
            await put(session, RELAY, row.to_raw_record(), reason, tries=1, message_ref=row.message_ref, failed=failed)
            about = log_fields(consumer=RELAY, message_ref=row.message_ref, reason=reason, error_id=named)
            log.error("dead_lettered", extra=about)
            metrics.parked(RELAY, reason)
        if unsendable:
            await disclosure.dead_letter(session, [row.message_ref for row in unsendable])
            await table.delete(session, unsendable)
            self._state.parked += len(unsendable)

    async def _until_the_broker_answers(self, stopping: asyncio.Event) -> None:
        # No lock of a subject is held here: a revocation must not wait for a broker.
        async def ask() -> None:
            self._state.broker = await self._in_thread(lambda: self._carrier.broker_answered(within=1.0))
            if not self._state.broker:
                raise DependencyUnavailable

        await retry(ask, BROKER_BACKOFF, lambda _: None, stopping=stopping)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _of(going: Sequence[OutboxRow], fates: Sequence[DeliveryStatus], status: DeliveryStatus) -> list[OutboxRow]:
    return [row for row, fate in zip(going, fates, strict=True) if fate is status]


async def retry_forever(work: Callable[[], Awaitable[None]], state: DispatcherState, stopping: asyncio.Event) -> None:
    """Do `work`, which ends when `stopping`, again whenever what it stands on was away; raises what lasts."""

    def note(failed: Exception) -> None:
        state.database = False
        log.warning("relay_blocked", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed)))

    await retry(work, DATABASE_BACKOFF, note, stopping=stopping)


async def commit(session: AsyncSession) -> None:
    """Let what was sent, withheld or parked be forgotten by the outbox."""
    failpoints.hit("relay.before_commit")
    await session.commit()
    failpoints.hit("relay.after_commit")
