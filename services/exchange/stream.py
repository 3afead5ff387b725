"""What the exchange does with a fact: it keeps the sealed copy until somebody opens it."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.unit import Unit
from runtime.worker import Offered, Worker
from services.exchange import store


def listen(worker: Worker) -> None:
    """Name the facts this service acts on: every one, as many at once as came."""
    worker.on_many(on_any_facts)


async def on_any_facts(unit: Unit, offered: Sequence[Offered]) -> None:
    """Keep the messages in their mailbox, sealed as they came."""
    await store.keep(unit.session, unit.agency_id, offered)
