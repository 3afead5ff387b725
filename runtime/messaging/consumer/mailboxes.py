"""Which mailboxes a worker reads just now."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.messaging.connection import client
from runtime.messaging.consumer.health import ConsumerHealth
from runtime.messaging.consumer.lag import Partition, offsets
from runtime.register.agencies import agencies_with_mailboxes
from runtime.settings import BrokerSettings
from schemas.topics import mailbox

ANSWER_TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class AssignedMailboxes:
    """The mailboxes of the active agencies that are hosted here, and which of them can be read already."""

    hosted: frozenset[str]
    readable: frozenset[str]
    partitions: frozenset[Partition] = frozenset()  # of those that can be read


class Mailboxes:
    """Looks up which mailboxes exist, and notes whether the broker answers."""

    def __init__(
        self, settings: BrokerSettings, sessions: async_sessionmaker[AsyncSession], state: ConsumerHealth
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._state = state
        self._admin: AdminClient | None = None

    async def look(self) -> AssignedMailboxes | None:
        """Return the mailboxes of now; None while the broker does not answer.  Raises what the database raises.

        An unreadable mailbox is left alone: to subscribe to a topic that is not there, or not allowed,
        would end the whole Faust worker.
        """
        async with self._sessions() as session:
            hosted = frozenset(mailbox(agency_id) for agency_id in await agencies_with_mailboxes(session))
        topics = await asyncio.to_thread(self._list_topics)
        self._state.broker = topics is not None
        if topics is None:
            return None
        readable = frozenset(topic for topic in hosted if topics.get(topic))
        partitions = frozenset((topic, number) for topic in readable for number in topics[topic])
        return AssignedMailboxes(hosted, readable, partitions)

    async def offsets(self, group: str, partitions: Collection[Partition]) -> tuple[Any, Any] | None:
        """Return where partitions end and up to where the group handled them; None while the broker is silent."""
        if self._admin is None:
            return None
        try:
            return await asyncio.to_thread(offsets, self._admin, group, partitions)
        except (KafkaException, TimeoutError):
            return None

    def _list_topics(self) -> dict[str, Collection[int]] | None:
        if self._admin is None:  # an AdminClient is false while nothing waits in it
            self._admin = AdminClient(client(self._settings))
        try:
            metadata = self._admin.list_topics(timeout=ANSWER_TIMEOUT_SECONDS)
        except KafkaException:
            self._admin = None
            return None
        return {topic: tuple(details.partitions) for topic, details in metadata.topics.items() if details.error is None}
