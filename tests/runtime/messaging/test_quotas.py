"""An agency's user costs the broker no more than it may."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from confluent_kafka import Consumer

from runtime.messaging.quotas import AGENCY, Administrator, QuotasRefused
from runtime.settings import KafkaProtocol
from schemas.topics import mailbox
from tests.support.broker import quotas_of
from tests.support.broker_env import PASSWORD, Fabric

LETTERS, BYTES = 20, 2_000


@pytest.fixture
def quotas(fabric: Fabric) -> Administrator:
    kafka = fabric.kafka
    return Administrator(kafka.bootstrap, kafka.admin_user, kafka.admin_password, KafkaProtocol.PLAINTEXT)


def eventually(claim: Callable[[], bool]) -> None:
    # What the controller took reaches the broker a moment later.
    deadline = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_l12_quotas_are_set_once_and_taken_back(fabric: Fabric, quotas: Administrator) -> None:
    agency, other = fabric.agency(), fabric.agency()

    for _ in range(2):
        quotas.set_quotas(agency)
    eventually(lambda: quotas_of(quotas, agency) == AGENCY)
    assert quotas_of(quotas, other) == {}

    for _ in range(2):
        quotas.remove_quotas(agency)
    eventually(lambda: quotas_of(quotas, agency) == {})
    with pytest.raises(QuotasRefused):
        quotas.set_quotas(agency, {"no_such_rate": 1.0})


def test_l12_an_agencys_reading_is_bounded(fabric: Fabric, quotas: Administrator) -> None:
    bounded, free = fabric.agency(), fabric.agency()
    for agency in (bounded, free):
        fabric.post(agency, uuid4(), [uuid4() for _ in range(LETTERS)], value=b"x" * BYTES)
    quotas.set_quotas(bounded, {"consumer_byte_rate": 100.0})
    eventually(lambda: quotas_of(quotas, bounded) == {"consumer_byte_rate": 100.0})

    assert reads(fabric, bounded)[1] > 0
    assert reads(fabric, free) == (LETTERS, 0)


def reads(fabric: Fabric, agency: str) -> tuple[int, float]:
    """Return how many letters an agency reads, and for how many seconds the broker held it up until it had some."""
    waits: list[float] = []
    settings = {
        **fabric.kafka.settings(agency, PASSWORD),
        "group.id": f"{agency}.quota",
        "auto.offset.reset": "earliest",
        "throttle_cb": lambda event: waits.append(event.throttle_time),
    }
    reading = Consumer(settings)
    reading.subscribe([mailbox(agency)])
    count, until = 0, time.monotonic() + 20
    try:
        while count < LETTERS and not sum(waits) and time.monotonic() < until:
            count += sum(message.error() is None for message in reading.consume(LETTERS, 0.2))
        reading.poll(0.5)
    finally:
        reading.close()
    return count, sum(waits)
