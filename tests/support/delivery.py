"""What waits in the outbox, handed to a service's worker as the broker would hand it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from runtime.database.engine import sessions
from runtime.messaging import headers
from runtime.messaging.consumer import Worker
from runtime.messaging.dead_letters import RawRecord
from schemas.topics import mailbox
from tests.support.town import Town
from tests.support.web import settings_for

WAITING = text("SELECT * FROM carrying.outbox WHERE key = :key AND recipient = :to ORDER BY id")


@dataclass
class Delivery:
    """The worker of one service without a broker: what it is handed has its effect once, however often it comes."""

    town: Town
    service: str
    listen: Callable[[Worker], None]
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.worker = self.another()

    def another(self) -> Worker:
        """Return a worker of the same consumer, as a second process would run it."""
        bound = sessions(self.town.engine(f"accord_{self.service}"))
        worker = Worker(settings_for(self.service), consumer=self.service, sessions=bound, keys=self.town.keys)
        self.listen(worker)
        return worker

    async def waiting(self, case_ref: UUID, *agency_ids: str) -> list[RawRecord]:
        """Return the outbox rows that wait for these agencies of a case, by any agency's reference to it."""
        records = []
        for agency_id in agency_ids:
            agency_case_ref = await self.town.case_ref_of(case_ref, agency_id)
            async with self.town.session("accord_relay") as session:
                rows = (await session.execute(WAITING, {"key": agency_case_ref, "to": agency_id})).all()
            records += [letter(row) for row in rows]
        return records

    async def deliver(self, case_ref: UUID, *agency_ids: str) -> None:
        """Hand over all that waits for these agencies of a case."""
        await self.hand(await self.waiting(case_ref, *agency_ids))

    async def hand(self, received: Sequence[RawRecord], worker: Worker | None = None) -> None:
        await (worker or self.worker)._handling.handle(received)


def letter(row: Any) -> RawRecord:
    """Return an outbox row as it comes off the broker."""
    routing = headers.Routing(row.message_ref, row.type, row.sender, row.key, row.occurred_at, row.id)
    raw_headers = tuple(headers.write(routing))
    return RawRecord(mailbox(row.recipient), 0, row.id, str(row.key).encode(), raw_headers, bytes(row.body))
