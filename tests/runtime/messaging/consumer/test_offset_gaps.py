from typing import Any

import pytest
from aiokafka.structs import TopicPartition  # type: ignore[import-untyped]

from runtime.messaging.consumer.faust_driver import ResilientConsumerThread
from runtime.messaging.consumer.offset_gaps import OffsetGap, OffsetGapDetector, Partition

PARTITION: Partition = ("to.harbor-house", 0)


def a_watch(floor: int = 0) -> OffsetGapDetector:
    async def starts_at(_: Partition, __: int) -> int:
        return floor

    return OffsetGapDetector(starts_at)


async def test_what_comes_in_order_or_again_is_no_gap() -> None:
    watch = a_watch()

    for offset in (0, 1, 2, 1, 2, 3):
        await watch.observe(PARTITION, 1, offset)

    assert watch.reached == {PARTITION: 4}


async def test_a_message_that_was_passed_over_is_noticed() -> None:
    watch = a_watch()
    await watch.observe(PARTITION, 1, 0)

    with pytest.raises(OffsetGap, match="1 was expected, 2 came"):
        await watch.observe(PARTITION, 1, 2)


async def test_a_skipped_first_message_of_a_mailbox_is_a_gap_too() -> None:
    with pytest.raises(OffsetGap):
        await a_watch().observe(PARTITION, 1, 1)


async def test_reading_starts_at_what_was_committed_or_is_left() -> None:
    await a_watch(floor=20).observe(PARTITION, 1, 20)


async def test_each_time_partitions_change_hands_the_count_starts_anew() -> None:
    watch = a_watch(floor=20)
    await watch.observe(PARTITION, 1, 3)

    await watch.observe(PARTITION, 2, 20)

    assert watch.reached == {PARTITION: 21}


class Broker:
    """A consumer of the library, as far as the floor asks it."""

    def __init__(self, committed: int | None, oldest: int) -> None:
        self.requests: list[str] = []
        self._committed, self._oldest = committed, oldest

    async def committed(self, _: object) -> int | None:
        self.requests.append("committed")
        return self._committed

    async def beginning_offsets(self, places: list[object]) -> dict[object, int]:
        self.requests.append("oldest")
        return dict.fromkeys(places, self._oldest)


@pytest.mark.parametrize(
    ("committed", "oldest", "floor", "requests"),
    [
        (7, 3, 7, ["committed"]),  # the ordinary start of a partition
        (9, 3, 9, ["committed"]),
        (None, 7, 7, ["committed", "oldest"]),
        (3, 5, 5, ["committed", "oldest"]),
    ],
)
async def test_d13_the_first_message_waits_for_no_fetch(
    committed: int | None, oldest: int, floor: int, requests: list[str]
) -> None:
    thread: Any = ResilientConsumerThread.__new__(ResilientConsumerThread)
    broker = thread._consumer = Broker(committed, oldest)

    assert (await thread._floor(TopicPartition("to.harbor-house", 1), 7), broker.requests) == (floor, requests)
