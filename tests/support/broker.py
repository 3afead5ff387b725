"""The broker's administrator, as the product itself administers it, and what a test asks of the broker besides."""

from collections.abc import Iterable

from aiokafka.protocol.admin import DescribeClientQuotasRequest  # type: ignore[import-untyped]
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from devstack.kafka import Kafka
from runtime.messaging import admin
from runtime.messaging.connection import client
from runtime.messaging.quotas import USER, Administrator
from runtime.settings import BrokerSettings, KafkaProtocol

EXACTLY = 0  # of the kinds of match that Kafka has for an entity


def administrator(kafka: Kafka) -> AdminClient:
    """Return a client that may administer the broker."""
    protocol = KafkaProtocol.PLAINTEXT  # as the embedded one speaks, on the loopback interface
    return admin.connect(kafka.bootstrap, kafka.admin_user, kafka.admin_password, protocol=protocol)


def broker_consumer(settings: BrokerSettings, group: str, topics: Iterable[str]) -> Consumer:
    """Return a consumer that starts at the oldest letter and commits only what it is told to."""
    consumer = Consumer(
        client(settings)
        | {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 5,  # at its default of a second, a full queue costs a second
            "partition.assignment.strategy": "range",
        }
    )
    consumer.subscribe(list(topics))
    return consumer


def quotas_of(broker: Administrator, user: str) -> dict[str, float]:
    """Return what bounds a user of the broker."""
    answer = broker.send(DescribeClientQuotasRequest([(USER, EXACTLY, user)], True))
    return {key: value for _, values in answer.entries for key, value in values}
