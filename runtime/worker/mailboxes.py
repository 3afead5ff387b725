"""Which mailboxes a worker reads just now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.bus.connection import client
from runtime.register.agencies import agencies_with_mailboxes
from runtime.settings import Settings
from runtime.worker.state import State
from schemas.topics import mailbox

ANSWER_WITHIN = 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """The mailboxes of the active agencies that are hosted here, and which of them can be read already."""

    hosted: frozenset[str]
    readable: frozenset[str]


class Mailboxes:
    """Looks which mailboxes there are, and what is away."""

    def __init__(self, settings: Settings, sessions: async_sessionmaker[AsyncSession], state: State) -> None:
        self._settings = settings
        self._sessions = sessions
        self._state = state
        self._admin: AdminClient | None = None

    async def look(self) -> Found | None:
        """Return what is there now; None while the broker does not answer.  Raises what the database raises.

        What is not readable is left alone: to subscribe to a topic that is not there, or not allowed,
        would end the whole Faust worker.
        """
        async with self._sessions() as session:
            hosted = frozenset(mailbox(agency_id) for agency_id in await agencies_with_mailboxes(session))
        there = await asyncio.to_thread(self._there)
        self._state.broker = there is not None
        return None if there is None else Found(hosted, hosted & there)

    def _there(self) -> frozenset[str] | None:
        self._admin = self._admin or AdminClient(client(self._settings))
        try:
            found = self._admin.list_topics(timeout=ANSWER_WITHIN)
        except KafkaException:
            self._admin = None
            return None
        return frozenset(topic for topic, said in found.topics.items() if said.error is None and said.partitions)
