"""The way into the outbox. Only `runtime.disclosure` may import it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.ledger.pending import Leaf, columns

SHARDS = 4
# One statement: three round trips less than one an insert. Arrays of arrays must be of one length in
# PostgreSQL, so purposes and directives travel as text with a comma between.
PUT = text("""
WITH messages AS (
    SELECT * FROM unnest(
        CAST(:message_refs AS uuid[]), CAST(:subject_ids AS bigint[]), CAST(:custodians AS text[]),
        CAST(:recipients AS text[]), CAST(:case_refs AS uuid[]), CAST(:types AS text[]), CAST(:masks AS bytea[]),
        CAST(:parties AS boolean[]), CAST(:svs AS bigint[]), CAST(:purposes AS text[]), CAST(:directives AS text[]),
        CAST(:wrapped_keys AS bytea[]), CAST(:sequences AS bigint[]), CAST(:occurred AS timestamptz[]),
        CAST(:shards AS smallint[]), CAST(:bodies AS bytea[])
    ) WITH ORDINALITY AS m (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv, purposes,
        directives, wrapped_key, sequence, occurred_at, shard, body, place)
), leaves AS (
    INSERT INTO ledger.pending (header, salt, detail, subject)
    SELECT * FROM unnest(CAST(:headers AS bytea[]), CAST(:salts AS bytea[]), CAST(:details AS bytea[]),
        CAST(:leaf_subjects AS uuid[]))
), offers AS (
    INSERT INTO carrying.offer (message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        purposes, directives, wrapped_key, sequence, occurred_at)
    SELECT message_ref, subject_id, custodian, recipient, case_ref, type, mask, party, sv,
        string_to_array(purposes, ','), CAST(string_to_array(directives, ',') AS uuid[]),
        wrapped_key, sequence, occurred_at FROM messages
)
INSERT INTO carrying.outbox (shard, subject_id, message_ref, recipient, key, type, sender, occurred_at, sequence,
    traceparent, body)
SELECT shard, subject_id, message_ref, recipient, case_ref, type, custodian, occurred_at, sequence,
    CAST(:traceparent AS text), body FROM messages ORDER BY place
""")


@dataclass(frozen=True, slots=True)
class Message:
    """One recipient's sealed copy of a fact, as it waits to be sent."""

    message_ref: UUID
    subject_id: int
    custodian: str
    recipient: str
    case_ref: UUID
    type: str
    mask: bytes
    party: bool
    sv: int
    purposes: tuple[str, ...]
    directives: tuple[UUID, ...]
    wrapped_key: bytes = field(repr=False)
    sequence: int
    occurred_at: datetime
    body: bytes = field(repr=False)


async def put(session: AsyncSession, messages: Sequence[Message], leaves: Sequence[Leaf], trace: str | None) -> None:
    """Put offers, outbox rows and their leaves; all of them commit together or none does."""
    rows = {
        "message_refs": [one.message_ref for one in messages],
        "subject_ids": [one.subject_id for one in messages],
        "custodians": [one.custodian for one in messages],
        "recipients": [one.recipient for one in messages],
        "case_refs": [one.case_ref for one in messages],
        "types": [one.type for one in messages],
        "masks": [one.mask for one in messages],
        "parties": [one.party for one in messages],
        "svs": [one.sv for one in messages],
        "purposes": [",".join(one.purposes) for one in messages],
        "directives": [",".join(map(str, one.directives)) for one in messages],
        "wrapped_keys": [one.wrapped_key for one in messages],
        "sequences": [one.sequence for one in messages],
        "occurred": [one.occurred_at for one in messages],
        "shards": [one.case_ref.int % SHARDS for one in messages],
        "bodies": [one.body for one in messages],
        "traceparent": trace,
    }
    await session.execute(PUT, rows | columns(leaves))
