"""Sealed messages by mailbox. What is kept here is noise; `disclosure.open` alone makes it readable."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.sealing.envelope import Sealed
from runtime.database import hot_path
from runtime.database.arrays import byteas, instants, texts, uuids
from runtime.messaging.consumer import SealedMessage

# One round trip for all that came together: see the function in 0003_keeping.py.
KEEP = "SELECT exchange.keep(%s, %s, %s, %s, %s, %s, %s)"
PAGE = text("""
SELECT message_ref, case_ref, type, sender, occurred_at, place FROM exchange.message
WHERE recipient = :agency AND place > :after ORDER BY place LIMIT :rows
""")
OF_CASE = text("""
SELECT message_ref, case_ref, type, sender, occurred_at, place FROM exchange.message
WHERE recipient = :agency AND case_ref = :case_ref AND place > :after ORDER BY place LIMIT :rows
""")
SEALED = "SELECT message_ref, type, body FROM exchange.message WHERE recipient = %s AND message_ref = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Listed:
    """The routing of a message: enough to ask for it, and nothing it says."""

    message_ref: UUID
    case_ref: UUID
    type: str
    sender: str
    occurred_at: datetime
    place: int = field(repr=False)
    fact_ref: UUID | None = None


async def keep(session: AsyncSession, offered: Sequence[SealedMessage]) -> int:
    """Put sealed messages at the end of their mailboxes, each mailbox's in the order given; return the number kept.

    Those for an agency that is not active are left out.
    """
    rows = await hot_path.fetch_all(
        session,
        KEEP,
        uuids(message.message_ref for message in offered),
        texts(message.recipient for message in offered),
        uuids(message.case_ref for message in offered),
        texts(message.type for message in offered),
        texts(message.sender for message in offered),
        instants(message.sent_at for message in offered),
        byteas(message.body for message in offered),
    )
    return int(rows[0][0])


async def messages_after(
    session: AsyncSession, agency: str, after: int, rows: int, case_ref: UUID | None = None
) -> list[Listed]:
    """Return up to `rows` messages of the agency's mailbox behind `after`, of one case where it is named."""
    params = {"agency": agency, "after": after, "rows": rows}
    result = await session.execute(PAGE if case_ref is None else OF_CASE, params | {"case_ref": case_ref})
    return [_listed(row) for row in result.mappings()]


async def sealed_messages(session: AsyncSession, agency: str, refs: Sequence[UUID]) -> list[Sealed]:
    """Return the sealed messages in the order asked; a message that is not there comes as an empty body.

    The door answers both alike, and puts the refusal on record.
    """
    stored = {ref: (name, body) for ref, name, body in await hot_path.fetch_all(session, SEALED, agency, uuids(refs))}
    return [Sealed(ref, agency, name, 0, body) for ref in _once(refs) for name, body in [stored.get(ref, ("", b""))]]


def _once(refs: Collection[UUID]) -> list[UUID]:
    return list(dict.fromkeys(refs))


def _listed(row: RowMapping) -> Listed:
    return Listed(row["message_ref"], row["case_ref"], row["type"], row["sender"], row["occurred_at"], row["place"])
