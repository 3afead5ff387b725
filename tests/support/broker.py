"""The broker's administrator, as the product itself administers it."""

from confluent_kafka.admin import AdminClient

from devstack.kafka import Kafka
from runtime.messaging import admin
from runtime.settings import KafkaProtocol


def administrator(kafka: Kafka) -> AdminClient:
    """Return a client that may administer the broker."""
    protocol = KafkaProtocol.PLAINTEXT  # as the embedded one speaks, on the loopback interface
    return admin.connect(kafka.bootstrap, kafka.admin_user, kafka.admin_password, protocol=protocol)
