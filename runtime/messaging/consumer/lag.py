"""For how long the oldest message has lain in a mailbox that nobody handled, told without the reader's help.

The reader's own word is not asked, since it may be what stands still: the broker is, over a connection of its own.
A record's timestamp is no help either, as it is coarse (`docs/decisions/0030-two-mailboxes-do-not-join.md`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

ANSWER_TIMEOUT_SECONDS: Final = 3.0
EARLIEST, LATEST = cast(Any, OffsetSpec).earliest(), cast(Any, OffsetSpec).latest()  # they carry no types

Partition = tuple[str, int]


class ConsumerLag:
    """Remembers when each end of a partition was first observed, and so how long the oldest message has waited."""

    def __init__(self) -> None:
        self._ends: dict[Partition, deque[tuple[int, float]]] = {}

    def observe(self, ends: Mapping[Partition, int], handled: Mapping[Partition, int], now: float) -> float:
        """Return for how many seconds the oldest message has waited that lies behind what was `handled`.

        `ends` are the offsets after the last message and `handled` those after the last handled one.  A wait counts
        from the first observation that showed the message.
        """
        self._ends = {place: observed for place, observed in self._ends.items() if place in ends}
        oldest = now
        for place, end in ends.items():
            observed = self._ends.setdefault(place, deque())
            if not observed or observed[-1][0] < end:
                observed.append((end, now))
            while observed and observed[0][0] <= handled.get(place, 0):
                observed.popleft()
            if observed:
                oldest = min(oldest, observed[0][1])
        return now - oldest


def offsets(admin: AdminClient, group: str, partitions: Collection[Partition]) -> tuple[Any, Any]:
    """Return where each partition ends, and up to where the group has committed or the oldest message is left.

    Raises `KafkaException` or `TimeoutError` where the broker does not answer.
    """
    places = [TopicPartition(topic, number) for topic, number in partitions]
    if not places:
        return {}, {}
    options = {"request_timeout": ANSWER_TIMEOUT_SECONDS}
    ends = admin.list_offsets(dict.fromkeys(places, LATEST), **options)
    starts = admin.list_offsets(dict.fromkeys(places, EARLIEST), **options)
    (committed,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)], **options).values()
    handled = {
        (partition.topic, partition.partition): partition.offset
        for partition in committed.result(ANSWER_TIMEOUT_SECONDS).topic_partitions
    }
    end_offsets = {}
    for place, future in ends.items():
        end_offsets[place.topic, place.partition] = int(future.result(ANSWER_TIMEOUT_SECONDS).offset)
    for place, future in starts.items():
        key = (place.topic, place.partition)
        handled[key] = max(int(future.result(ANSWER_TIMEOUT_SECONDS).offset), handled.get(key, 0))
    return end_offsets, handled
