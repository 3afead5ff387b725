"""The consumers: they keep where the safe contact is, and plan notices. The message stays sealed."""

from __future__ import annotations

from collections.abc import Sequence

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.messaging.consumer import SealedMessage, Worker
from services.notifications import domain, store


def listen(worker: Worker) -> None:
    """Name the facts this service acts on."""
    worker.on_mailbox_batch(on_own_contacts, is_own)
    for type_name in domain.KINDS:
        worker.on(type_name, on_news)


def is_own(offered: SealedMessage) -> bool:
    """Tell whether the agency recorded the fact itself."""
    return offered.sender == offered.recipient


async def on_own_contacts(unit: UnitOfWork, offered: Sequence[SealedMessage]) -> None:
    """Keep those of an agency's own sealed messages that say how a survivor may be reached."""
    carried = await disclosure.carried_fields(
        unit, [message.message_ref for message in offered], sum(domain.CONTACT.values())
    )
    for message in offered:
        fields = [name for name, bit in domain.CONTACT.items() if carried.get(message.message_ref, 0) & bit]
        if fields:
            await store.keep_contact(unit.session, message, fields)


async def on_news(unit: UnitOfWork, offered: SealedMessage) -> None:
    """Plan a safe notice.  Routing is enough: neither the fact nor the contact is opened to plan."""
    await store.plan(unit.session, offered, domain.KINDS[offered.type])
