"""Carrying letters to mailboxes, in order, and telling what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer  # noqa: TID251 - the ban points here

from runtime import clock, failpoints
from runtime.messaging.connection import client
from runtime.messaging.headers import Headers
from runtime.settings import BrokerSettings

BODY_LIMIT: Final = 1_000_000  # bytes of a sealed body; headers and framing fit under the broker's 1 MiB
MESSAGE_LIMIT_BYTES: Final = 1_040_000
LINGER_MS: Final = 5


class DeliveryStatus(StrEnum):
    """The outcome of sending a letter."""

    DELIVERED = "delivered"
    NO_MAILBOX = "no_mailbox"  # the topic is not there
    REFUSED = "refused"  # the broker does not let us write there
    TOO_LARGE = "too_large"
    UNKNOWN = "unknown"  # perhaps delivered, perhaps not: it must be sent again


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One sealed body, ready to be posted."""

    topic: str
    key: bytes
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


STATUS_BY_ERROR: Final = {
    KafkaError._UNKNOWN_TOPIC: DeliveryStatus.NO_MAILBOX,
    KafkaError._UNKNOWN_PARTITION: DeliveryStatus.NO_MAILBOX,
    KafkaError.UNKNOWN_TOPIC_OR_PART: DeliveryStatus.NO_MAILBOX,
    KafkaError.TOPIC_EXCEPTION: DeliveryStatus.NO_MAILBOX,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: DeliveryStatus.REFUSED,
    KafkaError.MSG_SIZE_TOO_LARGE: DeliveryStatus.TOO_LARGE,
    KafkaError.INVALID_MSG_SIZE: DeliveryStatus.TOO_LARGE,
}


def status_of(error: KafkaError | None) -> DeliveryStatus:
    """Return the status that a delivery report tells; an error we do not know is `DeliveryStatus.UNKNOWN`."""
    return DeliveryStatus.DELIVERED if error is None else STATUS_BY_ERROR.get(error.code(), DeliveryStatus.UNKNOWN)


def producer(settings: BrokerSettings) -> Producer:
    """Return an idempotent producer that waits for all replicas and keeps the order within a key."""
    config = {
        **client(settings),
        "enable.idempotence": True,
        "acks": "all",
        "max.in.flight.requests.per.connection": 5,
        "linger.ms": LINGER_MS,
        "compression.type": "none",  # sealed bodies do not compress, and a codec that is missing ends Faust
        "message.max.bytes": MESSAGE_LIMIT_BYTES,
        "delivery.timeout.ms": 30_000,  # longer than anyone waits here, so that no message is given up before its elder
        "topic.metadata.propagation.max.ms": 1000,
        "partitioner": "murmur2_random",  # what Java and aiokafka do: a partner's own tools find the same partition
    }
    return Producer(config)


class MailboxProducer:
    """Carries batches of letters; one thread at a time uses it."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._producer: Producer | None = None

    def produce(self, letters: Sequence[OutgoingRecord], *, within: float) -> list[DeliveryStatus]:
        """Return the status of each letter, after at most about `within` seconds.

        When a status stays unknown, nothing of this batch is left that could still go out by itself later,
        but for bytes already on the wire.
        """
        fates: list[DeliveryStatus | None] = [None] * len(letters)
        posting = self._producer = self._producer or producer(self._settings)
        for place, letter in enumerate(letters):
            self._post(posting, letter, place, fates)
        failpoints.hit("relay.after_post")
        posting.flush(within)  # everything was posted, so it does not linger
        statuses = [DeliveryStatus.UNKNOWN if fate is None else fate for fate in fates]
        if DeliveryStatus.UNKNOWN in statuses:
            self.forget()
        return statuses

    def mailbox(self, topic: str, *, within: float) -> DeliveryStatus:
        """Tell whether letters for `topic` can be delivered; `DeliveryStatus.UNKNOWN` when the broker is silent."""
        posting = self._producer = self._producer or producer(self._settings)
        try:
            metadata = posting.list_topics(topic, timeout=within).topics[topic]
        except KafkaException as failed:
            self.forget()
            return status_of(failed.args[0])
        return status_of(metadata.error)

    def broker_answered(self, *, within: float) -> bool:
        """Tell whether the broker answers."""
        posting = self._producer = self._producer or producer(self._settings)
        try:
            posting.list_topics(timeout=within)
        except KafkaException:
            self.forget()
            return False
        return True

    def forget(self) -> None:
        """Drop what is under way and the connection; the next call begins anew."""
        dropped, self._producer = self._producer, None
        if dropped is not None:
            dropped.purge(in_queue=True, in_flight=True, blocking=True)
            dropped.poll(0)

    def close(self) -> None:
        """Let go of the broker."""
        self.forget()

    @staticmethod
    def _post(posting: Producer, letter: OutgoingRecord, place: int, fates: list[DeliveryStatus | None]) -> None:
        def report(error: KafkaError | None, _: Message) -> None:
            failpoints.hit("relay.before_report")
            fates[place] = status_of(error)

        try:
            # By the hour: a record's own time is read by whoever reads the mailbox, and copies go out together.
            hour = clock.utcnow().replace(minute=0, second=0, microsecond=0)
            posting.produce(
                letter.topic,
                letter.body,
                letter.key,
                headers=list(letter.headers),
                timestamp=int(hour.timestamp() * 1000),
                on_delivery=report,
            )
        except BufferError:  # our own queue is full: the rest waits for the next batch
            fates[place] = DeliveryStatus.UNKNOWN
        except KafkaException as refused:
            fates[place] = status_of(refused.args[0])
        posting.poll(0)
