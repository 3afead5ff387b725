import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient

from cli.errors import SetupError
from devstack.kafka import Kafka
from runtime.messaging import acls, admin
from tests.devstack.watcher import comes_true
from tests.support.broker import administrator

PASSWORD = "a password of a test"


@pytest.fixture(scope="module")
def client(kafka: Kafka) -> AdminClient:
    return administrator(kafka)


@pytest.fixture
def agency(client: AdminClient) -> str:
    return an_agency(client)


def an_agency(client: AdminClient) -> str:
    """Enrol an agency that may read its own mailbox in its own groups, and nothing else."""
    name = f"agency-{uuid.uuid4().hex[:8]}"
    admin.provision_agency(client, name, PASSWORD, hosted=False, replicas=1)
    return name


def sent(kafka: Kafka, topic: str, value: bytes, user: str | None = None) -> KafkaError | None:
    """Send one message; return the broker's refusal, or None once it is acknowledged."""
    answers: list[KafkaError | None] = []
    password = PASSWORD if user else None
    producer = Producer({**kafka.settings(user, password), "acks": "all", "topic.metadata.propagation.max.ms": 100})
    producer.produce(topic, value, on_delivery=lambda refusal, _: answers.append(refusal))
    producer.flush(15)
    return answers[0]


def read(kafka: Kafka, topic: str, user: str, group: str | None = None) -> bytes | KafkaError:
    """Return the first message of `topic`, read in `group` or the user's own, or the refusal."""
    how = {"group.id": group or f"{user}.inbox", "auto.offset.reset": "earliest"}
    consumer = Consumer({**kafka.settings(user, PASSWORD), **how})
    consumer.subscribe([topic])
    message = consumer.poll(15)
    consumer.close()
    assert message is not None
    return message.error() or message.value() or b""


def test_an_agency_reads_its_own_mailbox(kafka: Kafka, agency: str) -> None:
    assert sent(kafka, f"to.{agency}", b"sealed") is None

    assert read(kafka, f"to.{agency}", agency) == b"sealed"


def test_the_mailbox_of_another_is_refused(kafka: Kafka, client: AdminClient, agency: str) -> None:
    other = an_agency(client)
    assert sent(kafka, f"to.{other}", b"sealed") is None

    refusal = read(kafka, f"to.{other}", agency)

    assert isinstance(refusal, KafkaError)
    assert refusal.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_the_group_of_another_is_refused(kafka: Kafka, client: AdminClient, agency: str) -> None:
    refusal = read(kafka, f"to.{agency}", agency, group=f"{an_agency(client)}.inbox")

    assert isinstance(refusal, KafkaError)
    assert refusal.code() == KafkaError.GROUP_AUTHORIZATION_FAILED


def test_an_agency_writes_into_no_mailbox_not_even_its_own(kafka: Kafka, agency: str) -> None:
    refusal = sent(kafka, f"to.{agency}", b"forged", user=agency)

    assert refusal is not None
    assert refusal.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_rule_that_is_taken_away_holds_no_more(kafka: Kafka, client: AdminClient, agency: str) -> None:
    admin.forbid(client, acls.of_agency(agency)[:1])

    refusal = read(kafka, f"to.{agency}", agency)

    assert isinstance(refusal, KafkaError)
    assert refusal.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_an_unknown_topic_is_not_made_by_writing_to_it(kafka: Kafka, client: AdminClient) -> None:
    unknown = f"to.nobody-{uuid.uuid4().hex[:8]}"

    refusal = sent(kafka, unknown, b"lost")

    assert refusal is not None
    assert refusal.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)
    assert unknown not in client.list_topics(timeout=10).topics


def test_only_the_right_password_is_let_in(kafka: Kafka, agency: str) -> None:
    refusals: list[KafkaError] = []
    settings = kafka.settings(agency, PASSWORD.upper())
    stranger = AdminClient(cast(Any, {**settings, "error_cb": refusals.append, "log_level": 0}))

    assert comes_true(lambda: stranger.poll(0.05) >= 0 and bool(refusals), within=10)
    assert refusals[0].code() == KafkaError._AUTHENTICATION


@pytest.fixture
def own(run_folder: Path, kafka: Kafka) -> Iterator[tuple[Kafka, Path]]:
    """A second broker, that may be harmed, beside the one for all."""
    folder = run_folder / "own-kafka"
    broker = Kafka.start(folder)
    assert broker.bootstrap != kafka.bootstrap
    yield broker, folder
    broker.stop()


def test_two_brokers_run_together_and_a_killed_one_keeps_data(own: tuple[Kafka, Path], client: AdminClient) -> None:
    broker, folder = own
    agency = an_agency(administrator(broker))
    assert sent(broker, f"to.{agency}", b"acknowledged") is None
    broker.kill()

    back = Kafka.start(folder)

    assert read(back, f"to.{agency}", agency) == b"acknowledged"
    assert (back.bootstrap, back.admin_password) == (broker.bootstrap, broker.admin_password)
    assert f"to.{agency}" not in client.list_topics(timeout=10).topics  # the other one is another
    back.stop()


def test_a_broker_of_ones_own_is_never_stopped(kafka: Kafka) -> None:
    named = Kafka.at(f"{kafka.admin_user}:{kafka.admin_password}@{kafka.bootstrap}")

    named.stop()

    assert administrator(named).list_topics(timeout=10).brokers


@pytest.mark.parametrize("address", ["", "127.0.0.1:9092", "admin@127.0.0.1:9092", "admin:password@"])
def test_an_address_without_all_its_parts_is_refused(address: str) -> None:
    with pytest.raises(SetupError, match="user:password@host:port"):
        Kafka.at(address)
