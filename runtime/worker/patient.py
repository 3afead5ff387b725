"""Faust's reader of Kafka, taught to outlive a broker that goes away.

As it comes, one offset commit that fails ends the whole Faust application.  Offsets may be committed late
without harm here, as the inbox remembers what had its effect; so we say so and go on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]
from faust.transport.drivers import aiokafka as driver

from runtime.faults import name
from runtime.telemetry import facts

log = logging.getLogger(__name__)


class PatientThread(driver.AIOKafkaConsumerThread):
    """The thread that speaks to the broker."""

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        mine = self.assignment()
        wanted = {driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(at, "") for tp, at in offsets.items() if tp in mine}
        try:
            await self._ensure_consumer().commit(wanted)
        except KafkaError as failed:
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
