"""A worker or a relay as a process of its own, so that it can die: python -m tests.support.processes worker NAME."""

import asyncio
import logging
import sys

from sqlalchemy import text

from runtime.database.engine import engine, sessions
from runtime.database.unit_of_work import UnitOfWork
from runtime.keyring import UnsafeLocalKeyring
from runtime.messaging.consumer import SealedMessage, Worker
from runtime.messaging.outbox.relay import Relay
from runtime.settings import BrokerSettings, Settings, read
from tests.support.broker_env import TYPE

TRACE = text("INSERT INTO probe.effect (consumer, message_ref, key, agency) VALUES (:consumer, :ref, :key, :agency)")


async def work(settings: Settings, consumer: str) -> None:
    keys = UnsafeLocalKeyring(settings.keys, production=False)
    worker = Worker(settings, consumer=consumer, sessions=sessions(engine(settings.database)), keys=keys)

    async def leave(unit: UnitOfWork, offered: SealedMessage) -> None:
        row = {"consumer": consumer, "ref": offered.message_ref, "key": offered.case_ref, "agency": unit.agency_id}
        await unit.session.execute(TRACE, row)

    worker.on(TYPE, leave)
    await worker.run()


async def relay(settings: BrokerSettings) -> None:
    await Relay(settings, engine(settings.database)).run()


if __name__ == "__main__":
    logging.disable()
    asyncio.run(work(read(Settings), sys.argv[2]) if sys.argv[1] == "worker" else relay(read(BrokerSettings)))
