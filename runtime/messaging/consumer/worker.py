"""The worker of one service: reads the mailboxes of the agencies it hosts and does what follows, once."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime import clock, failpoints
from runtime.error_kinds import ErrorKind, classify, safe_error_name
from runtime.keyring import Keyring
from runtime.messaging.consumer.handlers import About, BatchHandler, Handler, Handlers, MailboxBatchHandler, anything
from runtime.messaging.consumer.health import ConsumerHealth, ConsumerStopped
from runtime.messaging.consumer.lag import ConsumerLag
from runtime.messaging.consumer.mailboxes import AssignedMailboxes, Mailboxes
from runtime.messaging.consumer.message_handler import MessageHandler
from runtime.settings import BrokerSettings
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id
from schemas.facts import Fact

if TYPE_CHECKING:
    from runtime.messaging.consumer.faust_consumer import FaustConsumer

LOOK_EVERY_SECONDS: Final = 1.0
LIVES: Final = 5  # of the reader
NOTE_EVERY: Final = 5.0  # seconds between two notes of how far it is behind
NOTE: Final = text("SELECT carrying.note_lag(:consumer, :seconds)")
LIFETIME: Final = 600.0  # seconds within which it may use them up
log = logging.getLogger(__name__)


class Worker:
    """Reads for one consumer.  Each message has its effect once, however often it comes."""

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        consumer: str,
        sessions: async_sessionmaker[AsyncSession],
        keys: Keyring,
        lives: int = LIVES,
    ) -> None:
        failpoints.arm(settings)
        self.state = ConsumerHealth()
        self._settings = settings
        self._consumer = consumer
        self._effects = Handlers()
        self._handling = MessageHandler(consumer, sessions, keys, self._effects, self.state)
        self._mailboxes = Mailboxes(settings, sessions, self.state)
        self._stopping = asyncio.Event()
        self._lives = lives
        self._deaths: list[float] = []
        self._unread = ConsumerLag()
        self._sessions = sessions
        self._noted_at = -NOTE_EVERY

    def on(self, fact: type[Fact] | str, effect: Handler) -> None:
        """Do `effect` for each message of this type; it shares the transaction of the inbox row, and never commits."""
        self._effects.on(fact, effect)

    def on_batch(self, effect: BatchHandler) -> None:
        """Do `effect` once for all that came together, whichever mailboxes it came to; it puts up the walls itself."""
        self._effects.on_batch(effect)

    def on_mailbox_batch(self, effect: MailboxBatchHandler, about: About = anything) -> None:
        """Do `effect` once for what came together to one mailbox and is meant by `about`, in order."""
        self._effects.on_mailbox_batch(effect, about)

    async def run(self) -> None:
        """Read until `stop`.

        When Faust ends by itself another takes its place; raises `ConsumerStopped` when it does so again and again, or
        will not let go, so that the process ends and is seen.
        """
        while not self._stopping.is_set():
            mailboxes = await self._look()
            if mailboxes is not None and mailboxes.readable:
                await self._live(mailboxes)
            else:
                self.state.reading = mailboxes is not None and not mailboxes.hosted  # nothing to read is no fault
                await self._pause()

    def stop(self) -> None:
        """Return from `run`; what is under way and not yet committed comes again."""
        self._stopping.set()

    async def retry_dead_letter(self, parked_ref: UUID) -> bool:
        """Handle a parked message as if it came now; tell whether it is settled."""
        return await self._handling.retry_dead_letter(parked_ref)

    async def _live(self, mailboxes: AssignedMailboxes) -> None:
        try:
            await self._read(mailboxes)
        except ConsumerStopped as died:
            now = clock.monotonic()
            self._deaths = [*(at for at in self._deaths if now - at < LIFETIME), now]
            cause = died.__cause__ or died
            about = log_fields(
                consumer=self._consumer,
                reason=safe_error_name(cause),
                error_id=error_id(cause),
                count=len(self._deaths),
            )
            log.critical("reader_died", extra=about)
            if not died.restartable or len(self._deaths) >= self._lives:
                raise
            await self._pause()

    async def _read(self, mailboxes: AssignedMailboxes) -> None:
        from runtime.messaging.consumer.faust_consumer import (
            FaustConsumer,  # Faust: slow to import, and only who reads needs it
        )

        reading = FaustConsumer(self._settings, self._consumer, self._handling.handle)
        ending: asyncio.Task[None] | None = None
        try:
            await reading.start(mailboxes.readable)
            ending = asyncio.create_task(reading.wait_ended())
            self.state.reading = True
            while not ending.done() and not self._stopping.is_set():
                if not await self._keep_up(reading):
                    return  # begins anew without the mailbox that closed
                await self._pause(ending)
            if ending.done():
                ending.result()
        finally:
            self.state.reading = False
            if ending is not None:
                ending.cancel()
            if not await reading.stop() and not self._stopping.is_set():
                raise ConsumerStopped(restartable=False)

    async def _keep_up(self, reading: FaustConsumer) -> bool:
        """Read mailboxes that were added and retry dead letters as asked; false once a mailbox is no longer ours."""
        mailboxes = await self._look()
        if mailboxes is None:
            return True
        if reading.mailboxes - mailboxes.hosted:
            return False
        fresh = mailboxes.readable - reading.mailboxes
        if fresh:
            log.info("mailboxes_added", extra=log_fields(consumer=self._consumer, count=len(fresh)))
            await reading.add(fresh)
        reading.resubscribe()  # before the broker is asked: that may take seconds
        await self._measure(mailboxes, reading)
        reading.check_stalled(self.state.unread_seconds)
        return True

    async def _measure(self, mailboxes: AssignedMailboxes, reading: FaustConsumer) -> None:
        """Note for how long the oldest message of our partitions waits; of all mailboxes where none is ours."""
        partitions = mailboxes.partitions & reading.assigned() or mailboxes.partitions
        offsets = await self._mailboxes.offsets(self._consumer, partitions)
        if offsets is None:
            return
        ends, handled = offsets
        for place, offset in reading.record_handled.items():
            handled[place] = max(offset, handled.get(place, 0))
        self.state.record_lag(self._consumer, self._unread.observe(ends, handled, clock.monotonic()))

    async def _look(self) -> AssignedMailboxes | None:
        try:
            await self._handling.retry_requested()
            mailboxes = await self._mailboxes.look()
            await self._note_lag()
        except Exception as failed:
            if classify(failed) is ErrorKind.PERMANENT:
                raise
            self.state.waits_for(failed)
            log.warning(
                "consumer_blocked",
                extra=log_fields(consumer=self._consumer, reason=safe_error_name(failed), error_id=error_id(failed)),
            )
            return None
        self.state.database = True
        return mailboxes

    async def _note_lag(self) -> None:
        """Write down how far this consumer is behind: one that stands still writes nothing, and that shows too."""
        now = clock.monotonic()
        if now - self._noted_at < NOTE_EVERY:
            return
        async with self._sessions() as session:
            await session.execute(NOTE, {"consumer": self._consumer, "seconds": self.state.unread_seconds})
            await session.commit()
        self._noted_at = now

    async def _pause(self, *also: asyncio.Task[None]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([stopping, *also], timeout=LOOK_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
