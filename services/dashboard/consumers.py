"""The consumer of the dashboard: it notes for which agency, and of which of its cases, something came.

It reads routing alone, and holds no key.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.messaging.consumer import SealedMessage, Worker
from services.dashboard import live_store


def listen(worker: Worker) -> None:
    """Subscribe to every fact, in batches."""
    worker.on_batch(on_any_facts)


async def on_any_facts(session: AsyncSession, offered: Sequence[SealedMessage]) -> None:
    """Note the change by its routing; the message stays sealed, and is kept elsewhere."""
    await live_store.note(session, {(message.recipient, message.case_ref) for message in offered})
