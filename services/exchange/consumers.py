"""The consumers of the exchange: they keep the sealed copy of a fact until somebody opens it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.messaging.consumer import NoAgency, SealedMessage, Worker
from services.exchange import store


def listen(worker: Worker) -> None:
    """Subscribe to every fact, in batches."""
    worker.on_batch(on_any_facts)


async def on_any_facts(session: AsyncSession, offered: Sequence[SealedMessage]) -> None:
    """Keep the messages in their mailboxes, sealed as they came."""
    if await store.keep(session, offered) < len(offered):
        raise NoAgency
