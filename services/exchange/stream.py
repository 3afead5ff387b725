"""What the exchange does with a fact: it keeps the sealed copy until somebody opens it."""

from __future__ import annotations

from runtime.unit import Unit
from runtime.worker import Offered, Worker
from services.exchange import store


def listen(worker: Worker) -> None:
    """Name the facts this service acts on: every one."""
    worker.on_every(on_any_fact)


async def on_any_fact(unit: Unit, offered: Offered) -> None:
    """Keep the message in its mailbox, sealed as it came."""
    await store.keep(unit.session, offered)
