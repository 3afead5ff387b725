"""The way into the outbox. Only `runtime.disclosure` may import it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.arrays import bigints, booleans, byteas, instants, smallints, texts, uuids
from runtime.database.hot_path import execute
from runtime.ledger.pending_entries import Leaf, columns

SHARDS = 4  # by subject: the copies of one fact lie together, and are decided and sent by one relay in one commit
# One statement: a round trip less for each table.  Arrays of arrays must be of one length in PostgreSQL, so purposes
# and directives travel as text with a comma between.
# The row lock on the subject keeps the facts of one subject in order until the commit: outbox rows take their ids after
# it.  A custodian keeps the exact instant; every other agency gets the minute, put back by a number of seconds that is
# the secret of its case, so that no two agencies can join what they hold by its time.
PUT = """
WITH messages AS (
    SELECT * FROM unnest(
        CAST(%s AS uuid[]), CAST(%s AS bigint[]), CAST(%s AS text[]), CAST(%s AS text[]), CAST(%s AS uuid[]),
        CAST(%s AS text[]), CAST(%s AS bytea[]), CAST(%s AS boolean[]), CAST(%s AS bigint[]), CAST(%s AS text[]),
        CAST(%s AS text[]), CAST(%s AS bytea[]), CAST(%s AS uuid[]), CAST(%s AS timestamptz[]),
        CAST(%s AS smallint[]), CAST(%s AS bytea[])
    ) WITH ORDINALITY AS m (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv, purposes,
        directives, wrapped_key, fact_ref, exact_at, shard, body, place)
), leaves AS (
    INSERT INTO ledger.pending (header, salt, detail, subject)
    SELECT * FROM unnest(CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS uuid[]))
), held AS (
    SELECT s.subject_id FROM register.subject AS s WHERE s.subject_id IN (SELECT subject_id FROM messages)
    ORDER BY s.subject_id FOR NO KEY UPDATE
), dated AS (
    SELECT m.*, CASE WHEN m.recipient = m.custodian THEN m.exact_at
        ELSE date_trunc('minute', m.exact_at - c.time_shift * interval '1 second', 'UTC') END AS occurred_at
    FROM messages AS m JOIN held USING (subject_id)
    JOIN register."case" AS c ON c.subject_id = m.subject_id AND c.agency_id = m.recipient
), offers AS (
    INSERT INTO carrying.offer (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        purposes, directives, wrapped_key, fact_ref, occurred_at, traceparent)
    SELECT message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        string_to_array(purposes, ','), CAST(string_to_array(directives, ',') AS uuid[]),
        wrapped_key, fact_ref, occurred_at, CAST(%s AS text) FROM dated
)
INSERT INTO carrying.outbox (shard, subject_id, message_ref, recipient, key, type, sender, occurred_at, body)
SELECT shard, subject_id, message_ref, recipient, case_ref, type, custodian, occurred_at, body FROM dated ORDER BY place
"""


@dataclass(slots=True)  # final, not frozen: mypy refuses a write, and making one costs a third
class Message:
    """One recipient's sealed copy of a fact, as it waits to be sent."""

    message_ref: Final[UUID]
    subject_id: Final[int]
    custodian: Final[str]
    recipient: Final[str]
    case_ref: Final[UUID]
    type: Final[str]
    mask: Final[bytes]
    party: Final[bool]
    sv: Final[int]
    purposes: Final[tuple[str, ...]]
    directives: Final[tuple[UUID, ...]]
    wrapped_key: Final[bytes] = field(repr=False)
    fact_ref: Final[UUID]
    occurred_at: Final[datetime]
    body: Final[bytes] = field(repr=False)


async def put(session: AsyncSession, messages: Sequence[Message], leaves: Sequence[Leaf], trace: str | None) -> None:
    """Put offers and outbox rows, and their leaves; all of them commit together or none does.

    `trace` stays beside the offers: on the wire it would name the same work in every recipient's mailbox.
    """
    put_out = await execute(
        session,
        PUT,
        uuids([message.message_ref for message in messages]),
        bigints([message.subject_id for message in messages]),
        texts([message.custodian for message in messages]),
        texts([message.recipient for message in messages]),
        uuids([message.case_ref for message in messages]),
        texts([message.type for message in messages]),
        byteas([message.mask for message in messages]),
        booleans([message.party for message in messages]),
        bigints([message.sv for message in messages]),
        texts([",".join(message.purposes) for message in messages]),
        texts([",".join(map(str, message.directives)) for message in messages]),
        byteas([message.wrapped_key for message in messages]),
        uuids([message.fact_ref for message in messages]),
        instants([message.occurred_at for message in messages]),
        smallints([message.subject_id % SHARDS for message in messages]),
        byteas([message.body for message in messages]),
        *columns(leaves),
        trace,
    )
    if put_out != len(messages):
        raise LookupError("a message for an agency that has no case")
