"""The Faust side: mailboxes read by agents that hand over what came and acknowledge it once it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import faust
from faust.auth import SASLCredentials
from faust.contrib.asgi import bind_to_running_loop

from runtime import crash
from runtime.bus.connection import MECHANISM, password
from runtime.faults import name
from runtime.parking import Received
from runtime.settings import KafkaProtocol, Settings
from runtime.telemetry import facts
from runtime.worker.patient import PatientTransport

AT_ONCE: Final = 256
GATHER: Final = 0.015  # seconds: what comes together is done together, at half the cost a message
BUFFERED: Final = 512  # messages in memory, whatever waits at the broker
RESUBSCRIBE: Final = 0.5  # Faust waits 45 s by itself before it reads an added topic
STOP_WITHIN: Final = 10.0
log = logging.getLogger(__name__)

Handle = Callable[[Sequence[Received]], Awaitable[None]]


class Died(Exception):
    """Faust stopped reading by itself; the process has to end so that somebody sees it."""


class _App(faust.App):
    def _create_directories(self) -> None:
        """Make none: there are no tables, and a folder in the working directory would be litter."""

    def _new_transport(self) -> PatientTransport:
        return PatientTransport(self.conf.broker_consumer, self)


class Reading:
    """One Faust application that reads mailboxes for as long as it lives."""

    def __init__(self, settings: Settings, group: str, handle: Handle) -> None:
        self._handle = handle
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._app = _App(group, **_configuration(settings))
        bind_to_running_loop(self._app)
        conductor: Any = self._app.topics
        conductor._resubscribe_sleep_lock_seconds = RESUBSCRIBE
        self._waves = 0
        self._waiting: asyncio.Queue[tuple[Any, Any]] = asyncio.Queue(BUFFERED)
        self._handing_over: asyncio.Task[None] | None = None
        self.mailboxes: frozenset[str] = frozenset()

    async def start(self, topics: Iterable[str]) -> None:
        """Begin to read `topics`, at the oldest message that this group has not had."""
        self._agent(topics)
        self._app.finalize()
        self._handing_over = asyncio.create_task(self._hand_over())
        await self._app.start()

    async def add(self, topics: Iterable[str]) -> None:
        """Read these as well, from now on."""
        await self._agent(topics).start()

    async def until_it_ends(self) -> None:
        """Return when it was stopped; raises `Died` when it ended by itself."""
        stopped = asyncio.ensure_future(self._app.wait_until_stopped())
        try:
            await asyncio.wait([stopped, self._failed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if self._failed.done():
            raise Died from self._failed.exception()
        if self._app.crashed:
            raise Died from self._app.crash_reason

    async def stop(self) -> None:
        """Leave the group and stop."""
        if self._handing_over is not None:
            self._handing_over.cancel()
        try:
            await asyncio.wait_for(self._app.stop(), STOP_WITHIN)
        except TimeoutError:
            log.warning("faust_did_not_stop")

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
        # Nothing is done here that could raise: Faust acknowledges and forgets the message of an agent that raises.
        manual = stream.noack()
        async for event in manual.events():
            await self._waiting.put((manual, event))

    async def _hand_over(self) -> None:
        try:
            while True:
                came = [await self._waiting.get()]
                if self._waiting.qsize() < AT_ONCE:
                    await asyncio.sleep(GATHER)
                while len(came) < AT_ONCE and not self._waiting.empty():
                    came.append(self._waiting.get_nowait())
                await self._handle([_received(event) for _, event in came])
                crash.point("worker.before_ack")
                for stream, event in came:
                    await stream.ack(event)
        except Exception as failed:
            # What was not done stays unacknowledged, and the process ends.
            log.critical("worker_broke", extra=facts(reason=name(failed)))
            self._failed.set_exception(failed)


def _received(event: Any) -> Received:
    message = event.message
    headers = message.headers.items() if hasattr(message.headers, "items") else message.headers or ()
    return Received(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        tuple((name, value) for name, value in headers),
        message.value or b"",
    )


def _configuration(settings: Settings) -> dict[str, Any]:
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
