"""Workers that run in a test, and an effect that leaves a trace for each time it is done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from uuid import UUID

from sqlalchemy import text

from runtime.database.engine import engine, sessions
from runtime.database.unit_of_work import UnitOfWork
from runtime.keyring import UnsafeLocalKeyring
from runtime.messaging.consumer import Handler, SealedMessage, Worker
from runtime.messaging.consumer.worker import LIVES
from tests.support.broker_env import TYPE, Fabric

TRACE = text(
    "INSERT INTO probe.effect (consumer, message_ref, key, agency, said) "
    "VALUES (:consumer, :ref, :key, current_setting('accord.agency'), :said)"
)


@dataclass
class Traces:
    """The effects of one consumer, as the database remembers them."""

    fabric: Fabric
    consumer: str = field(default_factory=lambda: f"exchange.{token_hex(5)}")

    async def leave(self, unit: UnitOfWork, offered: SealedMessage) -> None:
        trace = f"{unit.agency_id} {unit.actor} {unit.person_ref} {unit.traceparent}"
        row = {"consumer": self.consumer, "ref": offered.message_ref, "key": offered.case_ref, "said": trace}
        await unit.session.execute(TRACE, row)

    def rows(self) -> list[Any]:
        return self.fabric.sql(
            "SELECT message_ref, key, agency, said FROM probe.effect WHERE consumer = %s ORDER BY id", self.consumer
        )

    def refs(self) -> list[UUID]:
        return [row[0] for row in self.rows()]

    def inbox(self) -> int:
        ((count,),) = self.fabric.sql("SELECT count(*) FROM carrying.inbox WHERE consumer = %s", self.consumer)
        return int(count)

    def parked(self, message_ref: UUID | None = None) -> list[Any]:
        return self.fabric.parked(self.consumer, message_ref)


@asynccontextmanager
async def working(fabric: Fabric, consumer: str, *effects: Handler, lives: int = LIVES) -> AsyncIterator[Worker]:
    """A worker that runs, and ends without an error."""
    settings = fabric.settings("exchange")
    bound = engine(settings.database)
    keys = UnsafeLocalKeyring(settings.keys, production=False)
    worker = Worker(settings, consumer=consumer, sessions=sessions(bound), keys=keys, lives=lives)
    for effect in effects:
        worker.on(TYPE, effect)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        try:
            await asyncio.wait_for(task, 20)
        finally:
            await bound.dispose()
