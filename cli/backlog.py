"""How far a running town is behind: each reader of the broker, what was set aside, and the last signed checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from cli.enrolment import administrator_of
from cli.session import within
from runtime.messaging.consumer.lag import ANSWER_TIMEOUT_SECONDS, Partition, offsets
from schemas.town import Town

PARKED: Final = text("SELECT count(*) FROM carrying.parked WHERE resolved_at IS NULL")
LAST_SIGNED: Final = text("""
SELECT size, extract(epoch FROM register.instant() - signed_at) FROM ledger.checkpoint ORDER BY size DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """The newest signed checkpoint: how many entries it vouches for, and its age in seconds."""

    entries: int
    age_seconds: float


def consumer_lag(town: Town) -> dict[str, int]:
    """Return how many messages each consumer group has yet to handle; raises `KafkaException` if none answers."""
    client = administrator_of(town)
    listed = client.list_consumer_groups(request_timeout=ANSWER_TIMEOUT_SECONDS).result(ANSWER_TIMEOUT_SECONDS)
    return {group: _lag(client, group) for group in sorted(entry.group_id for entry in listed.valid)}


def dead_letter_count(town: Town) -> int:
    """Return how many messages wait for a person's decision; raises `Away` where the database does not answer."""

    async def count(session: AsyncSession) -> int:
        return int((await session.execute(PARKED)).scalar_one())

    return within(town, "accord_admin", count)


def last_checkpoint(town: Town) -> SignedCheckpoint | None:
    """Return the newest signed checkpoint, None before the first; raises `Away` where the database does not answer."""

    async def newest(session: AsyncSession) -> SignedCheckpoint | None:
        row = (await session.execute(LAST_SIGNED)).one_or_none()
        return None if row is None else SignedCheckpoint(int(row[0]), float(row[1]))

    return within(town, "accord_audit", newest)


def _lag(client: AdminClient, group: str) -> int:
    ends, handled = offsets(client, group, _partitions(client, group))
    return sum(max(end - handled.get(place, 0), 0) for place, end in ends.items())


def _partitions(client: AdminClient, group: str) -> set[Partition]:
    """Return what the group has committed to, and what its members are to read and have not begun."""
    (described,) = client.describe_consumer_groups([group], request_timeout=ANSWER_TIMEOUT_SECONDS).values()
    (committed,) = client.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group)], request_timeout=ANSWER_TIMEOUT_SECONDS
    ).values()
    places = list(committed.result(ANSWER_TIMEOUT_SECONDS).topic_partitions)
    for member in described.result(ANSWER_TIMEOUT_SECONDS).members:
        places += member.assignment.topic_partitions if member.assignment else ()
    return {(place.topic, place.partition) for place in places}
