"""The lines of the ledger that are of one message, for an operator who has its reference and no key of a case.

What a line says of a message is sealed.  Its salted commitment tells whether it is of a message that one knows of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Act, Header, UnreadableEntry, Verdict, commitment, read

BESIDE: Final = text("""
SELECT index, header, salt FROM ledger.entries_beside(:message_ref) WHERE salt IS NOT NULL ORDER BY number
""")
ACTORS: Final = text("""
SELECT CAST(a.pseudonym AS text), a.actor, ARRAY(SELECT client_id FROM register.client WHERE agency_id = a.agency_id)
FROM (
    SELECT pseudonym, person_ref AS actor, agency_id FROM register.person
    UNION ALL SELECT pseudonym, 'system:' || client_id, agency_id FROM register.client
) AS a WHERE CAST(a.pseudonym AS text) = ANY(:names)
""")

Detail = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """A line of the ledger about a message: what was done and how it was decided, not by whom nor of whose case."""

    at: datetime
    act: Act
    verdict: Verdict
    index: int | None  # in the tree; None while it waits for the sequencer


@dataclass(frozen=True, slots=True)
class _Actor:
    name: str  # as the detail of a line says it
    clients: Sequence[str]  # the systems of the agency, through which a person may have asked


async def entries_of(session: AsyncSession, message_ref: UUID, recipient: str) -> list[MessageEntry]:
    """Return what was opened, refused or withheld of a message, oldest first; the session is the auditor's."""
    rows = await session.execute(BESIDE, {"message_ref": message_ref})
    lines = [(index, header, bytes(salt)) for index, body, salt in rows if (header := _header(bytes(body)))]
    names = sorted({header.actor for _, header, _ in lines})
    actors = {name: _Actor(*row) for name, *row in await session.execute(ACTORS, {"names": names})}
    return [
        MessageEntry(header.at, header.act, header.verdict, index)
        for index, header, salt in lines
        if any(
            commitment(salt, detail).hex() == header.commitment
            for detail in _details(message_ref, recipient, actors.get(header.actor))
        )
    ]


def _details(message_ref: UUID, recipient: str, actor: _Actor | None) -> Iterator[Detail]:
    """Return all that a line of this message may have been written with: by the relay, or by whoever asked."""
    of_message = {"message_ref": str(message_ref)}
    yield of_message | {"to": recipient}
    if actor is not None:
        yield of_message | {"person": actor.name}
        yield from (of_message | {"person": actor.name, "through": client} for client in actor.clients)


def _header(body: bytes) -> Header | None:
    try:
        return read(body)
    except UnreadableEntry:
        return None
