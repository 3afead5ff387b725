"""Looking for mailboxes, over and over, on one connection to the broker."""

from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from runtime.database.engine import engine, sessions
from runtime.messaging.consumer import mailboxes
from runtime.messaging.consumer.health import ConsumerHealth
from runtime.messaging.consumer.mailboxes import Mailboxes
from tests.support.broker_env import Fabric

made: list[Any] = []


class CountedClient(AdminClient):
    """A client that is counted: each is threads and a signed-in connection of its own."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        made.append(self)


async def test_looking_again_takes_no_other_client(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "AdminClient", CountedClient)
    made.clear()
    settings = fabric.settings("exchange")
    bound = engine(settings.database)
    looking = Mailboxes(settings, sessions(bound), ConsumerHealth())

    try:
        looks = [await looking.look() for _ in range(3)]
    finally:
        await bound.dispose()

    assert None not in looks
    assert len(made) == 1
