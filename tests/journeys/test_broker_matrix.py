"""Every principal of the broker on every mailbox and every group: allowed exactly what is meant, refused all else."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from devstack.kafka import Kafka
from runtime.messaging import admin
from schemas.topics import mailbox
from schemas.town import Town
from tests.support.broker import administrator

HOSTS = {"exchange", "notifications", "dashboard", "intake"}
PATIENCE = 20.0
REFUSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


def principals(town: Town) -> dict[str, str]:
    services = {user.user: user.password_file for user in town.kafka.users.values()}
    agencies = {agency.kafka_user: agency.kafka_password_file for agency in town.agencies}
    return {name: Path(file).read_text().strip() for name, file in (services | agencies).items()}


@pytest.fixture(scope="module")
def probe(town: Town) -> Iterator[str]:
    """A mailbox of nobody's: what the relay writes there harms no agency."""
    kafka = Kafka.at(
        f"{town.kafka.admin_user}:{Path(town.kafka.admin_password_file).read_text().strip()}"
        f"@{town.kafka.bootstrap_servers}"
    )
    client = administrator(kafka)
    admin.make_mailboxes(client, ["nobody-at-all"], replicas=1)
    yield mailbox("nobody-at-all")
    for removed in client.delete_topics([mailbox("nobody-at-all")]).values():
        removed.result()


def settings(town: Town, user: str, password: str) -> dict[str, str | int | float | bool]:
    return {
        "bootstrap.servers": town.kafka.bootstrap_servers,
        "security.protocol": town.kafka.security_protocol,
        "sasl.mechanism": town.kafka.sasl_mechanism,
        "sasl.username": user,
        "sasl.password": password,
        "log_level": 0,
    }


def readable(town: Town, user: str, password: str, topics: list[str]) -> set[str]:
    """Return the topics that this user can fetch from; every one of them has given its answer."""
    consumer = Consumer(
        settings(town, user, password)
        | {"group.id": f"{user}.matrix", "enable.partition.eof": True, "auto.offset.reset": "earliest"}
    )
    described = [topic for topic in topics if describes(consumer, topic)]
    consumer.assign([TopicPartition(topic, 0, 0) for topic in described])
    answered: dict[str, bool] = {}
    deadline = time.monotonic() + PATIENCE
    while len(answered) < len(described) and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        topic = None if message is None else message.topic()
        if message is None or topic is None:
            continue
        error = message.error()
        answered[topic] = error is None or error.code() == KafkaError._PARTITION_EOF
    consumer.close()
    assert set(answered) == set(described), f"{user} got no answer for {set(described) - set(answered)}"
    return {topic for topic, yes in answered.items() if yes}


def describes(consumer: Consumer, topic: str) -> bool:
    """Tell whether the user may ask where the topic begins and ends; whoever may not cannot fetch from it either."""
    code = None
    try:
        consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=PATIENCE)
    except KafkaException as refused:
        code = refused.args[0].code()
    assert code in {None, *REFUSED, KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC}, code
    return code is None


def writable(town: Town, user: str, password: str, topics: list[str]) -> set[str]:
    producer = Producer(settings(town, user, password) | {"message.timeout.ms": 10_000, "acks": "all"})
    answered: dict[str, int | None] = {}

    def note(error: KafkaError | None, message: Message) -> None:
        answered[str(message.topic())] = None if error is None else error.code()

    for topic in topics:
        producer.produce(topic, b"probe", on_delivery=note)
    producer.flush(PATIENCE)
    assert set(answered) == set(topics)
    assert {code for code in answered.values() if code is not None} <= {KafkaError.TOPIC_AUTHORIZATION_FAILED}
    return {topic for topic, code in answered.items() if code is None}


def usable(town: Town, user: str, password: str, groups: list[str]) -> set[str]:
    """Return the groups that the broker lets this user see; whoever may join one may see it, and nobody else may."""
    client = AdminClient(settings(town, user, password))
    codes: dict[str, int | None] = {}
    for group, described in client.describe_consumer_groups(groups, request_timeout=PATIENCE).items():
        refused = described.exception(PATIENCE)
        codes[group] = refused.args[0].code() if isinstance(refused, KafkaException) else None
    assert set(codes.values()) <= {None, KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.GROUP_ID_NOT_FOUND}
    return {group for group, code in codes.items() if code != KafkaError.GROUP_AUTHORIZATION_FAILED}


def test_a_mailbox_is_read_only_by_its_agency_and_its_hosts(town: Town) -> None:
    topics = [agency.mailbox for agency in town.agencies]
    for user, password in principals(town).items():
        expected = set(topics) if user in HOSTS else {topic for topic in topics if topic == f"to.{user}"}

        assert readable(town, user, password, topics) == expected, user


def test_the_relay_alone_writes_into_a_mailbox(town: Town, probe: str) -> None:
    for user, password in principals(town).items():
        topics = [probe] if user == "relay" else [probe, *(agency.mailbox for agency in town.agencies)]

        assert writable(town, user, password, topics) == ({probe} if user == "relay" else set()), user


def test_a_group_is_joined_only_by_its_own_name(town: Town) -> None:
    agencies = [agency.id for agency in town.agencies]
    stranger = str(uuid4())
    groups = [*HOSTS, *(f"{host}.matrix" for host in HOSTS), *(f"{agency}.matrix" for agency in agencies), stranger]
    for user, password in principals(town).items():
        expected = {group for group in groups if group == f"{user}.matrix" and user in {*HOSTS, *agencies}}
        expected |= {user} if user in HOSTS else set()

        assert usable(town, user, password, groups) == expected, user
