"""The outbox as the relay sees it: rows of its shards, oldest first, and what becomes of them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from runtime.database import hot_path
from runtime.database.arrays import bigints, smallints, texts, uuids
from runtime.messaging import headers
from runtime.messaging.dead_letters import RawRecord
from runtime.messaging.producer import OutgoingRecord
from schemas.topics import mailbox

BYTES_AT_ONCE: Final = 4_000_000
NOT_NUMBERED: Final = 0

# Rows of one key become visible in the order of their ids, as each took its id under the subject's row lock.
# Rows of other keys may appear late with lower ids, so what is there is claimed: a cursor would lose them.
CLAIM = """
SELECT id, subject_id, message_ref, recipient, key, type, sender, occurred_at, body
FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before FROM (
        SELECT waits.* FROM unnest(%s) AS owned (number) CROSS JOIN LATERAL (
            SELECT * FROM carrying.outbox AS o
            WHERE o.shard = owned.number AND o.recipient <> ALL(%s) ORDER BY o.id LIMIT %s
        ) AS waits ORDER BY waits.id LIMIT %s
    ) AS oldest
) AS counted WHERE before < %s ORDER BY id
"""
# Asked far more often than anything is claimed, so it reads no row whole.
DUE = """
SELECT FROM unnest(%s) AS owned (shard) WHERE EXISTS (
    SELECT FROM carrying.outbox AS o WHERE o.shard = owned.shard AND o.recipient <> ALL(%s)
) LIMIT 1
"""
OWN = text("SELECT carrying.own_shard(CAST(:shard AS smallint))")
DELETE = text("DELETE FROM carrying.outbox WHERE id = ANY(:ids)")
# A message that has a number keeps it, however often it is sent: the number may lie in the mailbox already.
NUMBER = """
WITH letters AS (
    SELECT * FROM unnest(%s, %s) WITH ORDINALITY AS l (message_ref, case_ref, place)
), fresh AS (
    SELECT * FROM letters AS l WHERE NOT EXISTS (
        SELECT FROM carrying.message_number AS n WHERE n.message_ref = l.message_ref
    )
), counted AS (
    INSERT INTO carrying.case_counter AS c (case_ref, last)
    SELECT case_ref, count(*) FROM fresh GROUP BY case_ref ORDER BY case_ref
    ON CONFLICT (case_ref) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING case_ref, last
), given AS (
    INSERT INTO carrying.message_number (message_ref, sequence)
    SELECT message_ref, last - count(*) OVER (PARTITION BY case_ref)
        + row_number() OVER (PARTITION BY case_ref ORDER BY place)
    FROM fresh JOIN counted USING (case_ref) RETURNING message_ref, sequence
)
SELECT message_ref, sequence FROM given
UNION ALL
SELECT message_ref, sequence FROM carrying.message_number WHERE message_ref = ANY(%s)
"""
# A directive under which something went out is marked: its recipient must be told when it ends.
RELAYED = """
WITH gone AS (DELETE FROM carrying.outbox WHERE id = ANY(%s)),
numbered AS (DELETE FROM carrying.message_number WHERE message_ref = ANY(%s) RETURNING message_ref, sequence),
sent AS (
    UPDATE carrying.offer AS o SET state = 'relayed', sequence = n.sequence FROM numbered AS n
    WHERE o.message_ref = n.message_ref AND o.state = 'offered'
    RETURNING o.directives, o.mask
)
UPDATE register.directive SET relayed = true
WHERE NOT relayed AND directive_ref IN (SELECT unnest(directives) FROM sent WHERE mask <> '')
"""
# What was numbered and may have been delivered before it lapsed keeps its number on record.
WITHHELD = """
WITH gone AS (DELETE FROM carrying.outbox WHERE id = ANY(%s)),
numbered AS (DELETE FROM carrying.message_number WHERE message_ref = ANY(%s) RETURNING message_ref, sequence)
UPDATE carrying.offer AS o SET sequence = n.sequence FROM numbered AS n WHERE o.message_ref = n.message_ref
"""
OFFERED_AGAIN = text("""
UPDATE carrying.offer SET state = 'offered' WHERE message_ref = :message_ref AND state = 'parked'
""")
SUBJECT_OF = text("SELECT subject_id, recipient FROM carrying.offer WHERE message_ref = :message_ref")
# A long queue is not counted to its end: that would cost most just when there is least to spare.
WAITING = text("""
SELECT (SELECT count(*) FROM (SELECT 1 FROM carrying.outbox LIMIT 10000) AS counted) AS depth,
    (SELECT extract(epoch FROM clock_timestamp() - put_at) FROM carrying.outbox ORDER BY id LIMIT 1) AS age
""")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One sealed message that waits to be sent."""

    id: int
    subject_id: int
    message_ref: UUID
    recipient: str
    key: UUID
    type: str
    sender: str
    occurred_at: datetime
    body: bytes = field(repr=False)

    def to_record(self, sequence: int) -> OutgoingRecord:
        """Return it as it goes to the recipient's mailbox."""
        routing = headers.Routing(self.message_ref, self.type, self.sender, self.key, self.occurred_at, sequence)
        return OutgoingRecord(mailbox(self.recipient), str(self.key).encode("ascii"), headers.write(routing), self.body)

    def to_raw_record(self) -> RawRecord:
        """Return it as the parking lot keeps it; it has no place on the broker, only in the outbox, and no number."""
        letter = self.to_record(NOT_NUMBERED)
        return RawRecord(letter.topic, -1, self.id, letter.key, tuple(letter.headers), letter.body)


async def try_lock_shard(session: AsyncSession, shard: int) -> bool:
    """Become the one relay of this shard for as long as the connection lives; tell whether it worked."""
    owned = bool(await session.scalar(OWN, {"shard": shard}))
    await session.commit()
    return owned


async def claim(
    session: AsyncSession, shards: Collection[int], unreachable: Collection[str], most: int
) -> list[OutboxRow]:
    """Return the oldest rows of the shards, but for recipients who cannot be delivered to just now."""
    rows = await hot_path.fetch_all(session, CLAIM, smallints(shards), texts(unreachable), most, most, BYTES_AT_ONCE)
    return [OutboxRow(*row) for row in rows]


async def has_pending(session: AsyncSession, shards: Collection[int], unreachable: Collection[str]) -> bool:
    """Tell whether one of the shards has something to be claimed."""
    return bool(await hot_path.fetch_all(session, DUE, smallints(shards), texts(unreachable)))


def mixed(going: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Return the rows with the cases of each recipient in an order drawn anew; within a case the order stays.

    Sent as they were offered, the letters of two mailboxes would stand in one order, and be joined by it.
    """
    drawn = {(row.recipient, row.key): secrets.randbits(64) for row in going}
    return sorted(going, key=lambda row: (drawn[row.recipient, row.key], row.id))


async def number(engine: AsyncEngine, rows: Sequence[OutboxRow]) -> list[int]:
    """Return each row's number within its case, committed by a connection of its own before anything is sent.

    Numbers of a case go up by one in the order of the rows.  A row that was numbered before keeps its number.
    """
    if not rows:
        return []
    refs, cases = uuids(row.message_ref for row in rows), uuids(row.key for row in rows)
    async with AsyncSession(engine) as session:
        numbers: dict[UUID, int] = dict(await hot_path.fetch_all(session, NUMBER, refs, cases, refs))
        await session.commit()
    return [numbers[row.message_ref] for row in rows]


async def relayed(session: AsyncSession, rows: Sequence[OutboxRow]) -> None:
    """Record that these were delivered."""
    if rows:
        refs = uuids(row.message_ref for row in rows)
        await hot_path.execute(session, RELAYED, bigints(row.id for row in rows), refs)


async def withheld(session: AsyncSession, rows: Sequence[OutboxRow]) -> None:
    """Record that these are not sent any more."""
    refs = uuids(row.message_ref for row in rows)
    await hot_path.execute(session, WITHHELD, bigints(row.id for row in rows), refs)


async def delete(session: AsyncSession, rows: Iterable[OutboxRow]) -> None:
    """Take rows out of the outbox that are parked."""
    ids = [row.id for row in rows]
    if ids:
        await session.execute(DELETE, {"ids": ids})


async def from_dead_letters(session: AsyncSession, received: RawRecord) -> OutboxRow | None:
    """Return a parked message as a row once more, its offer open again for the decision; None if that is gone."""
    routing = headers.read(received.headers)
    await session.execute(OFFERED_AGAIN, {"message_ref": routing.message_ref})
    offer = (await session.execute(SUBJECT_OF, {"message_ref": routing.message_ref})).one_or_none()
    if offer is None:
        return None
    return OutboxRow(
        received.offset,
        offer.subject_id,
        routing.message_ref,
        offer.recipient,
        routing.case_ref,
        routing.type,
        routing.sender,
        routing.occurred_at,
        received.body,
    )


async def waiting(session: AsyncSession) -> tuple[int, float]:
    """Return how many rows wait, up to 10,000, and for how many seconds the oldest has."""
    row = (await session.execute(WAITING)).one()
    return row.depth, float(row.age or 0.0)
