"""Faust's reader of Kafka, taught patience and care.

As it comes, an offset commit that fails (a rebalance came between) ends the whole application, and one that can
never succeed (its topic is gone) is tried for ever, so that no other offset is committed either.  Offsets may be
committed late without harm here, as the inbox remembers what had its effect; so we say so and go on.

And as it comes, what was fetched while partitions changed hands is thrown away and fetched again from the last
committed offset; but where none was committed yet it stays thrown away, and the first messages of a mailbox are lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]
from faust.transport.drivers import aiokafka as driver
from mode.threads import WorkerThread

from runtime.error_kinds import safe_error_name
from runtime.telemetry import log_fields
from runtime.telemetry.error_ids import error_id

COMMIT_TIMEOUT_SECONDS: Final = 10.0
log = logging.getLogger(__name__)


class DaemonThread(WorkerThread):
    """A thread that does not keep a process alive which has nothing left to do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True


class ResilientConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that speaks to the broker."""

    Worker = DaemonThread

    async def seek_to_committed(self) -> Mapping[Any, int]:
        """Go back to what was committed; to the beginning where nothing was."""
        offsets: Mapping[Any, int] = await self.call_thread(self._go_back)
        return offsets

    async def _go_back(self) -> Mapping[Any, int]:
        consumer = self._ensure_consumer()
        try:
            offsets: Mapping[Any, int] = await consumer.seek_to_committed()
            fresh = [tp for tp, offset in offsets.items() if not offset]
            if fresh:
                await consumer.seek_to_beginning(*fresh)
        except (AssertionError, KafkaError) as changed:
            # Partitions changed hands again meanwhile; then we are asked to go back again.
            log.info("seek_failed", extra=log_fields(reason=safe_error_name(changed), error_id=error_id(changed)))
            return {}
        return offsets

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Do nothing: it would only write logs, and end the application where a partition has no position yet."""

    def highwater(self, tp: Any) -> int:
        """Return the end of a partition; of one that is no longer ours, nothing, instead of ending the application."""
        try:
            return int(super().highwater(tp) or 0)
        except AssertionError:
            return 0

    async def floor(self, tp: Any, offset: int) -> int:
        """Return where reading of a partition starts: what was committed, or the oldest that is left.

        Which is left is asked only where what was committed does not account for a message at `offset`.
        """
        floor: int = await self.call_thread(self._floor, driver.ensure_aiokafka_TP(tp), offset)
        return floor

    async def _floor(self, tp: Any, offset: int) -> int:
        consumer = self._ensure_consumer()
        committed = int(await consumer.committed(tp) or 0)
        if committed >= offset:
            return committed
        # The broker answers a connection in order, and this one waits behind a fetch for up to 1.5 s.  Asked for the
        # first message of each partition, one after the other, it held up all mailboxes for half a minute.
        oldest = await consumer.beginning_offsets([tp])
        return max(committed, int(oldest[tp]))

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        assigned = self.assignment()
        committable = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(at, "") for tp, at in offsets.items() if tp in assigned
        }
        if not committable:
            return False
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(committable), COMMIT_TIMEOUT_SECONDS)
        except (KafkaError, TimeoutError) as failed:
            log.warning(
                "offsets_not_committed", extra=log_fields(reason=safe_error_name(failed), error_id=error_id(failed))
            )
            return False
        return True


class ResilientConsumer(driver.Consumer):
    """Faust's consumer with that thread."""

    _thread: ResilientConsumerThread

    def _new_consumer_thread(self) -> ResilientConsumerThread:
        return ResilientConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def floor(self, tp: Any, offset: int) -> int:
        """Return where reading of a partition starts, as far as a message at `offset` needs to know."""
        floor: int = await self._thread.floor(tp, offset)
        return floor


class ResilientTransport(driver.Transport):
    """Faust's transport with that consumer."""

    Consumer = ResilientConsumer
