"""Faust's reader of Kafka, taught patience.

As it comes, an offset commit that fails (a rebalance came between) ends the whole application, and one that can
never succeed (its topic is gone) is tried for ever, so that no other offset is committed either.  Offsets may be
committed late without harm here, as the inbox remembers what had its effect; so we say so and go on.
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

from runtime.faults import name
from runtime.telemetry import facts

COMMIT_WITHIN: Final = 10.0
log = logging.getLogger(__name__)


class PassingThread(WorkerThread):
    """A thread that does not keep a process alive which has nothing left to do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.daemon = True


class PatientThread(driver.AIOKafkaConsumerThread):
    """The thread that speaks to the broker."""

    Worker = PassingThread

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        mine = self.assignment()
        wanted = {driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(at, "") for tp, at in offsets.items() if tp in mine}
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(wanted), COMMIT_WITHIN)
        except (KafkaError, TimeoutError) as failed:
            log.warning("offsets_not_committed", extra=facts(reason=name(failed)))
            return False
        return True


class PatientConsumer(driver.Consumer):
    """Faust's consumer with that thread."""

    def _new_consumer_thread(self) -> PatientThread:
        return PatientThread(self, loop=self.loop, beacon=self.beacon)


class PatientTransport(driver.Transport):
    """Faust's transport with that consumer."""

    Consumer = PatientConsumer
