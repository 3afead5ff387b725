"""Sealed messages by mailbox. What is kept here is noise; `disclosure.open` alone makes it readable."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.sealing.envelope import Sealed
from runtime.database import hot_path
from runtime.database.arrays import byteas, instants, texts, uuids
from runtime.messaging.consumer import SealedMessage

# One round trip for all that came together: see the function in 0003_keeping.py.
KEEP = "SELECT exchange.keep(%s, %s, %s, %s, %s, %s, %s)"
LISTED = """
SELECT message_ref, case_ref, type, sender, occurred_at, opened_at, handled_at, handled_by, place
FROM exchange.message WHERE recipient = :agency
"""
PAGE = text(f"{LISTED} AND place > :after ORDER BY place LIMIT :rows")
OF_CASE = text(f"{LISTED} AND case_ref = :case_ref AND place > :after ORDER BY place LIMIT :rows")
# Each by an index of its own. What waits stands oldest first; what was dealt with, newest first.
IS_UNREAD = "sender <> recipient AND opened_at IS NULL AND handled_at IS NULL"
IS_OPENED = "sender <> recipient AND opened_at IS NOT NULL AND handled_at IS NULL"
IS_HANDLED = "sender <> recipient AND handled_at IS NOT NULL"
UNREAD = text(f"{LISTED} AND {IS_UNREAD} AND place > :after ORDER BY place LIMIT :rows")
OPENED = text(f"{LISTED} AND {IS_OPENED} AND place < :after ORDER BY place DESC LIMIT :rows")
HANDLED = text(f"{LISTED} AND {IS_HANDLED} AND place < :after ORDER BY place DESC LIMIT :rows")
COUNTED = "SELECT message_ref FROM exchange.message WHERE recipient = %s AND {queue} ORDER BY place LIMIT %s"
BEHIND_ALL: Final = (1 << 63) - 1
BY_REF = text(f"{LISTED} AND message_ref = :message_ref")
SEALED = """
SELECT message_ref, type, body, opened_at IS NULL FROM exchange.message WHERE recipient = %s AND message_ref = ANY(%s)
"""
# A message that another opens just now is left to them: two that opened the same in another order would deadlock.
MARK_OPENED = """
UPDATE exchange.message SET opened_at = register.instant() WHERE message_ref IN (
    SELECT message_ref FROM exchange.message WHERE recipient = %s AND message_ref = ANY(%s) AND opened_at IS NULL
    FOR UPDATE SKIP LOCKED)
"""
# The first mark stands: whoever marks again was second.
MARK_HANDLED = text("""
UPDATE exchange.message SET handled_at = register.instant(), handled_by = :actor
WHERE recipient = :agency AND message_ref = :message_ref AND handled_at IS NULL
""")
UNMARK = text("""
UPDATE exchange.message SET handled_at = NULL, handled_by = NULL
WHERE recipient = :agency AND message_ref = :message_ref
""")


class MailQueue(StrEnum):
    """Messages of others by what the agency did about them: nothing, opened, or marked as handled."""

    UNREAD = "unread"
    OPENED = "opened"
    HANDLED = "handled"


QUEUES: Final[Mapping[MailQueue, TextClause]] = {
    MailQueue.UNREAD: UNREAD,
    MailQueue.OPENED: OPENED,
    MailQueue.HANDLED: HANDLED,
}
COUNTS: Final[Mapping[MailQueue | None, str]] = {
    None: COUNTED.format(queue="true"),
    MailQueue.UNREAD: COUNTED.format(queue=IS_UNREAD),
    MailQueue.OPENED: COUNTED.format(queue=IS_OPENED),
    MailQueue.HANDLED: COUNTED.format(queue=IS_HANDLED),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """The routing of a message: enough to ask for it, and nothing it says."""

    message_ref: UUID
    case_ref: UUID
    type: str
    sender: str
    occurred_at: datetime
    place: int = field(repr=False)
    opened_at: datetime | None = None  # by anybody of the agency, for the first time
    handled_at: datetime | None = None
    handled_by: str | None = None
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
    session: AsyncSession,
    agency: str,
    after: int,
    rows: int,
    case_ref: UUID | None = None,
    queue: MailQueue | None = None,
) -> list[Listed]:
    """Return up to `rows` messages of the agency's mailbox behind `after`, of one case or one queue where it is named.

    0 is the place before the first row of any list.
    """
    newest_first = queue in (MailQueue.OPENED, MailQueue.HANDLED)
    params = {"agency": agency, "after": after or (BEHIND_ALL if newest_first else 0), "rows": rows}
    if case_ref is not None:
        result = await session.execute(OF_CASE, params | {"case_ref": case_ref})
    else:
        result = await session.execute(PAGE if queue is None else QUEUES[queue], params)
    return [_listed(row) for row in result.mappings()]


async def messages_counted(session: AsyncSession, agency: str, rows: int, queue: MailQueue | None = None) -> list[UUID]:
    """Return up to `rows` messages of the agency's mailbox, or of one queue: all that a count needs."""
    return [row[0] for row in await hot_path.fetch_all(session, COUNTS[queue], agency, rows)]


async def message_of(session: AsyncSession, agency: str, message_ref: UUID) -> Listed | None:
    """Return the routing of a message of the agency's mailbox; to any other it is absent."""
    row = (await session.execute(BY_REF, {"agency": agency, "message_ref": message_ref})).mappings().one_or_none()
    return None if row is None else _listed(row)


async def sealed_messages(session: AsyncSession, agency: str, refs: Sequence[UUID]) -> tuple[list[Sealed], list[UUID]]:
    """Return the sealed messages in the order asked, and which of them nobody of the agency has opened.

    A message that is not there comes as an empty body: the door answers both alike, and puts the refusal on record.
    """
    rows = await hot_path.fetch_all(session, SEALED, agency, uuids(refs))
    stored = {ref: (name, body) for ref, name, body, _ in rows}
    sealed = [Sealed(ref, agency, name, 0, body) for ref in _once(refs) for name, body in [stored.get(ref, ("", b""))]]
    return sealed, [ref for ref, _, _, unread in rows if unread]


async def mark_opened(session: AsyncSession, agency: str, refs: Collection[UUID]) -> None:
    """Note that somebody of the agency opens these messages, where nobody did before."""
    await hot_path.execute(session, MARK_OPENED, agency, uuids(refs))


async def mark_handled(session: AsyncSession, agency: str, message_ref: UUID, actor: str, *, handled: bool) -> None:
    """Note who says that a message was dealt with, the first of several; or that it was not."""
    params = {"agency": agency, "message_ref": message_ref}
    await session.execute(MARK_HANDLED if handled else UNMARK, params | ({"actor": actor} if handled else {}))


def _once(refs: Collection[UUID]) -> list[UUID]:
    return list(dict.fromkeys(refs))


def _listed(row: RowMapping) -> Listed:
    return Listed(**row)
