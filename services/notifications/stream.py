"""What notifications does with a fact: it keeps where the safe contact is, and plans. The message stays sealed."""

from __future__ import annotations

from runtime import disclosure
from runtime.unit import Unit
from runtime.worker import Offered, Worker
from services.notifications import domain, store


def listen(worker: Worker) -> None:
    """Name the facts this service acts on."""
    worker.on_every(on_own_contact)
    for type_name in domain.KINDS:
        worker.on(type_name, on_news)


async def on_own_contact(unit: Unit, offered: Offered) -> None:
    """Keep an agency's own sealed message if it says how the survivor may be reached."""
    if offered.sender != offered.recipient:
        return
    carried = await disclosure.carries(unit, offered.message_ref, sum(domain.CONTACT.values()))
    told = [name for name, bit in domain.CONTACT.items() if carried & bit]
    if told:
        await store.keep_contact(unit.session, offered, told)


async def on_news(unit: Unit, offered: Offered) -> None:
    """Plan a safe notice.  Routing is enough: neither the fact nor the contact is opened to plan."""
    await store.plan(unit.session, offered, domain.KINDS[offered.type])
