"""The Faust side: mailboxes read by agents that hand over what came and acknowledge it once it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, cast

import faust
from faust.auth import SASLCredentials
from faust.contrib.asgi import bind_to_running_loop
from faust.types import TP

from runtime import clock, failpoints
from runtime.batch_throttle import Throttle
from runtime.error_kinds import safe_error_name
from runtime.messaging.connection import MECHANISM, password
from runtime.messaging.consumer.faust_driver import ResilientTransport
from runtime.messaging.consumer.health import ConsumerStopped
from runtime.messaging.consumer.offset_gaps import OffsetGap, OffsetGapDetector, Partition
from runtime.messaging.dead_letters import RawRecord
from runtime.settings import BrokerSettings, KafkaProtocol
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id

AT_ONCE: Final = 256
EVERY: Final = 0.05  # seconds from one round to the next while they are not full: shorter than the relay's batches
SOME: Final = 3  # rounds at once after a rest: the copies of one fact come one by one
GATHER: Final = 0.002  # seconds in which the next of them comes
BUFFERED: Final = 256  # messages in memory, whatever waits at the broker
FETCHED: Final = 512 * 1024  # bytes of each partition on the way here; a longer message comes by itself
RESUBSCRIBE_SECONDS: Final = 0.5  # Faust waits 45 s by itself before it reads an added topic
FINISH_TIMEOUT_SECONDS: Final = 5.0
START_TIMEOUT_SECONDS: Final = 60.0
STOP_TIMEOUT_SECONDS: Final = 15.0
STILL_FOR_SECONDS: Final = 15.0
log = logging.getLogger(__name__)

Handle = Callable[[Sequence[RawRecord]], Awaitable[None]]


class Stalled(Exception):
    """Messages wait in partitions of ours, and for long none has come."""


class _App(faust.App):
    def _create_directories(self) -> None:
        """Make none: there are no tables, and a folder in the working directory would be litter."""

    def _new_transport(self) -> ResilientTransport:
        return ResilientTransport(self.conf.broker_consumer, self)


class FaustConsumer:
    """One Faust application that reads mailboxes for as long as it lives."""

    def __init__(self, settings: BrokerSettings, group: str, handle: Handle) -> None:
        self._handle = handle
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._app = cast(Any, _App(group, **_configuration(settings)))
        bind_to_running_loop(self._app)
        self._app.topics._resubscribe_sleep_lock_seconds = RESUBSCRIBE_SECONDS
        self._watch = OffsetGapDetector(lambda partition, offset: self._app.consumer.floor(TP(*partition), offset))
        self._waves = 0
        self._waiting: asyncio.Queue[tuple[Any, Any]] = asyncio.Queue(BUFFERED)
        self._handing_over: asyncio.Task[None] | None = None
        self._busy = self._stopping = False
        self._observed_count, self._still_since = 0, clock.monotonic()
        self._pace = Throttle(EVERY, at_once=SOME)
        self.mailboxes: frozenset[str] = frozenset()
        self.record_handled: dict[Partition, int] = {}  # the offset after the last message that was handled

    async def start(self, topics: Iterable[str]) -> None:
        """Begin to read `topics` at the oldest message that this group has not had.

        Raises `ConsumerStopped` if Faust cannot.
        """
        self._agent(topics)
        self._app.finalize()
        self._handing_over = asyncio.create_task(self._hand_over())
        try:
            await asyncio.wait_for(self._app.start(), START_TIMEOUT_SECONDS)
        except Exception as failed:
            raise ConsumerStopped(restartable=True) from failed

    async def add(self, topics: Iterable[str]) -> None:
        """Read these as well, from now on."""
        await self._agent(topics).start()

    def assigned(self) -> set[Partition]:
        """Return the partitions that are ours just now; none while they change hands."""
        consumer = self._app.consumer._thread._consumer
        return set() if consumer is None else {(tp.topic, tp.partition) for tp in consumer.assignment()}

    def resubscribe(self) -> None:
        """Ask again for mailboxes that Faust dropped: what is added while it rebalances is never subscribed to."""
        consumer = self._app.consumer._thread._consumer
        if consumer is not None and not self.mailboxes <= consumer.subscription() and not self._app.rebalancing:
            log.warning("resubscribing", extra=log_fields(count=len(self.mailboxes)))
            self._app.topics._flag_changes()

    def check_stalled(self, unread_seconds: float) -> None:
        """End reading if it stands still although a message waits: Faust may be left in that state by a rebalance.

        That a message waits is the broker's word (`runtime.messaging.consumer.lag`): the consumer's own may be wrong.
        """
        now = clock.monotonic()
        if self._busy or not self._waiting.empty() or self._watch.observed_count != self._observed_count:
            self._observed_count, self._still_since = self._watch.observed_count, now
        elif min(unread_seconds, now - self._still_since) > STILL_FOR_SECONDS:
            self._break(Stalled())

    async def wait_ended(self) -> None:
        """Return when it was stopped; raises `ConsumerStopped` when it ended by itself."""
        stopped = asyncio.ensure_future(self._app.wait_until_stopped())
        try:
            await asyncio.wait([stopped, self._failed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if self._failed.done():
            failed = self._failed.exception()
            raise ConsumerStopped(restartable=isinstance(failed, OffsetGap | Stalled)) from failed
        if self._app.crashed:
            raise ConsumerStopped(restartable=True) from self._app.crash_reason

    async def stop(self) -> bool:
        """Leave the group and stop; tell whether Faust let go of its partitions."""
        await self._finish()
        try:
            await asyncio.wait_for(self._app.stop(), STOP_TIMEOUT_SECONDS)
        except Exception as stuck:
            log.warning(
                "faust_stop_timed_out", extra=log_fields(reason=safe_error_name(stuck), error_id=error_id(stuck))
            )
            return False
        return True

    def _agent(self, topics: Iterable[str]) -> Any:
        names = sorted(topics)
        self.mailboxes |= frozenset(names)
        self._waves += 1
        raw: dict[str, Any] = {
            "key_type": bytes,
            "value_type": bytes,
            "key_serializer": "raw",
            "value_serializer": "raw",
        }
        channel = self._app.topic(*names, **raw, allow_empty=True, maxsize=BUFFERED)
        return self._app.agent(channel, name=f"mailboxes-{self._waves}", concurrency=1)(self._read)

    async def _read(self, stream: Any) -> None:
        # Nothing is raised here: Faust acknowledges and forgets the message of an agent that raises.
        manual = stream.noack()
        async for event in manual.events():
            message = event.message
            try:
                await self._watch.observe((message.topic, message.partition), message.generation_id, message.offset)
            except Exception as failed:
                self._break(failed)
                await asyncio.Event().wait()
            await self._waiting.put((manual, event))

    async def _hand_over(self) -> None:
        try:
            while not self._stopping:
                batch = await self._gather()
                self._busy = True
                await self._handle([_received(event) for _, event in batch])
                for _, event in batch:
                    self.record_handled[event.message.topic, event.message.partition] = event.message.offset + 1
                failpoints.hit("worker.before_ack")
                for stream, event in batch:
                    await stream.ack(event)
                self._busy = False
        except Exception as failed:
            self._break(failed)

    def _break(self, failed: Exception) -> None:
        # What was not done stays unacknowledged, and the process ends.
        log.critical("consumer_failed", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed)))
        if not self._failed.done():
            self._failed.set_exception(failed)

    async def _gather(self) -> list[tuple[Any, Any]]:
        batch = [await self._waiting.get()]
        if len(batch) + self._waiting.qsize() < AT_ONCE:
            await asyncio.sleep(max(self._pace.wait(), GATHER))
        self._pace.begin()
        while len(batch) < AT_ONCE and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    async def _finish(self) -> None:
        """Let what is being handled end: cancelled within a statement, it would leave its connection open."""
        self._stopping = True
        if self._handing_over is None:
            return
        if self._busy:
            await asyncio.wait([self._handing_over], timeout=FINISH_TIMEOUT_SECONDS)
        self._handing_over.cancel()


def _received(event: Any) -> RawRecord:
    message = event.message
    headers = message.headers.items() if hasattr(message.headers, "items") else message.headers or ()
    return RawRecord(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        tuple((name, value) for name, value in headers),
        message.value or b"",
    )


def _configuration(settings: BrokerSettings) -> dict[str, Any]:
    context = None
    if settings.kafka_protocol is KafkaProtocol.TLS:
        import ssl  # only where the broker is spoken to over TLS

        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    return {
        "broker": [f"kafka://{server}" for server in settings.kafka.split(",")],
        "broker_credentials": SASLCredentials(
            username=settings.kafka_user, password=password(settings), mechanism=MECHANISM, ssl_context=context
        ),
        "broker_client_id": f"accord-{settings.service}",
        "broker_session_timeout": 8.0,  # after a kill the mailboxes wait this long for another reader
        "broker_heartbeat_interval": 2.0,
        "broker_commit_interval": 0.5,
        "broker_max_poll_interval": 86_400.0,  # a partition may wait for a database as long as it takes
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": FETCHED,
        "value_serializer": "raw",
        "key_serializer": "raw",
        "store": "memory://",
        "stream_buffer_maxsize": BUFFERED,
        "stream_wait_empty": False,
        "table_standby_replicas": 0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": False,
        "autodiscover": False,
    }
