"""Mail that is no letter of ours, put into mailboxes by whoever holds the relay's password."""

import time
from typing import Any, Final
from uuid import UUID, uuid4

from confluent_kafka import Producer

from runtime import clock
from runtime.messaging import headers
from tests.leaks.scene import Scene
from tests.support.waits import PATIENCE

USE: Final = "poison"
TYPE: Final = "accord.referral.accepted.v1"
HEADERS: Final = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "tracestate")
PARKED: Final = "SELECT count(*) FROM carrying.parked"


def poison(scene: Scene, agency_id: str, case_ref: UUID) -> int:
    """Throw letters into a mailbox that nobody can read; return how many."""
    kafka, stack = scene.town.kafka, scene.stack
    producer = Producer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "security.protocol": kafka.security_protocol,
            "sasl.mechanism": kafka.sasl_mechanism,
            "sasl.username": "relay",
            "sasl.password": stack.run.secret("kafka-relay"),
        }
    )

    def word(place: str) -> bytes:
        return scene.nursery.word(USE, f"letter: {place}").encode()

    def envelope(**instead: bytes) -> list[tuple[str, bytes]]:
        routing = headers.Routing(uuid4(), TYPE, "bay-hotline", case_ref, clock.utcnow(), 1)
        return list({**dict(headers.write(routing)), **instead}.items())

    key = str(case_ref).encode()
    letters: list[dict[str, Any]] = [
        {"key": word("key"), "value": word("body")},
        {
            "key": None,
            "value": word("body"),
            "headers": [(scene.nursery.slug(USE, "name of a header"), word("header"))],
        },
        {"key": word("key"), "value": word("body"), "headers": envelope()},
        *({"key": key, "value": word("body"), "headers": envelope(**{name: word(name)})} for name in HEADERS),
        {"key": key, "value": word("body"), "headers": envelope()},
    ]
    for letter in letters:
        producer.produce(f"to.{agency_id}", **letter)
    assert producer.flush(15) == 0
    return len(letters)


def until_parked(scene: Scene, letters: int) -> None:
    """Wait until those who read the mailboxes have set them aside."""
    deadline = time.monotonic() + PATIENCE
    with scene.superuser() as connection:
        while (parked := connection.execute(PARKED).fetchone()) is None or parked[0] < letters:
            assert time.monotonic() < deadline, f"{parked} of {letters} letters were parked"
            time.sleep(0.1)
