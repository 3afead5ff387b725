"""What the exchange does with a fact: it keeps the sealed copy until somebody opens it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.messaging.consumer import NoAgency, SealedMessage, Worker
from services.exchange import store


def listen(worker: Worker) -> None:
    """Name the facts this service acts on: every one, as many at once as came."""
    worker.on_batch(on_any_facts)


async def on_any_facts(session: AsyncSession, offered: Sequence[SealedMessage]) -> None:
    """Keep the messages in their mailboxes, sealed as they came."""
    if await store.keep(session, offered) < len(offered):
        raise NoAgency
