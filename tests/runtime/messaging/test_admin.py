from secrets import token_hex
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]  # not in its stubs

from runtime.messaging import acls, admin
from runtime.messaging.producer import BODY_LIMIT, DeliveryStatus, MailboxProducer, OutgoingRecord
from schemas.services import RESERVED, SERVICES
from schemas.topics import mailbox, topic_specs
from tests.support.broker import broker_consumer
from tests.support.broker_env import PASSWORD, Fabric


def refused(fabric: Fabric, user: str, topic: str, group: str) -> str | None:
    """Return what the broker says when `user` reads `topic` in `group`; None when it lets it."""
    reading = broker_consumer(fabric.settings(user), group, [topic])
    try:
        for _ in range(100):
            message = reading.poll(0.1)
            if message is not None:
                error = message.error()
                return None if error is None else str(error.name())
            if reading.assignment():
                return None
    finally:
        reading.close()
    return "silence"


def refused_to_write(fabric: Fabric, user: str, topic: str) -> str | None:
    errors: list[KafkaError | None] = []

    def report(error: KafkaError | None, _: Message) -> None:
        errors.append(error)

    producer = Producer(fabric.kafka.settings(user, PASSWORD))
    producer.produce(topic, b"x", on_delivery=report)
    producer.flush(10)
    return None if errors[0] is None else str(errors[0].name())


def test_an_agency_reads_its_own_mailbox_in_groups_of_its_own(fabric: Fabric) -> None:
    agency = fabric.agency()
    fabric.post(agency, uuid4())

    assert refused(fabric, agency, mailbox(agency), f"{agency}.inbox") is None


def test_the_broker_keeps_a_mailbox_as_long_as_its_file_says(fabric: Fabric) -> None:
    topic = ConfigResource(ResourceType.TOPIC, mailbox(fabric.agency()))

    config = fabric.admin.describe_configs([topic])[topic].result(timeout=10)

    (spec,) = topic_specs()
    retention = {name: config[name].value for name in ("retention.ms", "segment.ms", "cleanup.policy")}
    assert retention == {name: str(spec.settings[name]) for name in retention}


def test_an_agency_reads_no_mailbox_but_its_own(fabric: Fabric) -> None:
    agency, other = fabric.agency(), fabric.agency()

    assert refused(fabric, agency, mailbox(other), f"{agency}.inbox") == "TOPIC_AUTHORIZATION_FAILED"


def test_an_agency_joins_no_group_but_its_own(fabric: Fabric) -> None:
    agency, other = fabric.agency(), fabric.agency()

    assert refused(fabric, agency, mailbox(agency), f"{other}.inbox") == "GROUP_AUTHORIZATION_FAILED"
    assert refused(fabric, agency, mailbox(agency), "exchange") == "GROUP_AUTHORIZATION_FAILED"


def test_an_agency_writes_to_no_mailbox_and_not_to_its_own(fabric: Fabric) -> None:
    agency, other = fabric.agency(), fabric.agency()

    assert refused_to_write(fabric, agency, mailbox(agency)) == "TOPIC_AUTHORIZATION_FAILED"
    assert refused_to_write(fabric, agency, mailbox(other)) == "TOPIC_AUTHORIZATION_FAILED"


def test_an_agency_sees_no_other_agency_in_the_metadata(fabric: Fabric) -> None:
    agency, _ = fabric.agency(), fabric.agency()
    client = admin.connect(fabric.kafka.bootstrap, agency, PASSWORD, protocol=fabric.settings(agency).kafka_protocol)

    assert set(client.list_topics(timeout=10).topics) == {mailbox(agency)}


@pytest.mark.parametrize("service", acls.READERS)
def test_a_service_reads_for_the_agencies_it_hosts_and_no_other(fabric: Fabric, service: str) -> None:
    hosted, own_server = fabric.agency(), fabric.agency(hosted=False)
    fabric.post(hosted, uuid4())

    assert refused(fabric, service, mailbox(hosted), f"{service}.{token_hex(4)}") is None
    assert refused(fabric, service, mailbox(own_server), f"{service}.{token_hex(4)}") == "TOPIC_AUTHORIZATION_FAILED"


def test_a_service_stops_reading_for_an_agency_that_leaves(fabric: Fabric) -> None:
    agency = fabric.agency()

    admin.set_hosting(fabric.admin, agency, hosted=False)

    assert refused(fabric, "exchange", mailbox(agency), "exchange.drill") == "TOPIC_AUTHORIZATION_FAILED"


@pytest.mark.parametrize("user", ["relay", *sorted(set(SERVICES) - set(acls.READERS))])
def test_nobody_else_reads_anything(fabric: Fabric, user: str) -> None:
    agency = fabric.agency()

    error = refused(fabric, user, mailbox(agency), f"{user}.x")

    assert error in {"TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"}


@pytest.mark.parametrize("name", [*sorted(RESERVED), "Harbor", "to.x", "a", "harbor_house", "../x"])
def test_no_agency_takes_the_name_of_one_of_us(fabric: Fabric, name: str) -> None:
    with pytest.raises(ValueError, match="not an agency's id"):
        admin.provision_agency(fabric.admin, name, PASSWORD, hosted=True, replicas=1)


def test_admitting_an_agency_again_changes_nothing(fabric: Fabric) -> None:
    agency = fabric.agency()
    before = set(admin.in_force(fabric.admin))

    fabric.open_mailbox(agency)

    assert set(admin.in_force(fabric.admin)) == before


def test_l12_d18_a_dismissed_agency_reads_no_more(fabric: Fabric) -> None:
    agency = fabric.agency()
    fabric.post(agency, uuid4())
    reading = broker_consumer(fabric.settings(agency), f"{agency}.inbox", [mailbox(agency)])
    assert until_heard(reading) is None

    admin.remove_agency(fabric.admin, agency)
    of_open_connection = until_heard(reading)
    fabric.post(agency, uuid4())
    later = reading.poll(1.0)
    reading.close()

    assert of_open_connection in {"TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"}
    assert later is None or later.error() is not None
    allowed = {binding for binding in admin.in_force(fabric.admin) if binding.principal == f"User:{agency}"}  # type: ignore[attr-defined]
    assert allowed == set()
    newcomer = AdminClient({**fabric.kafka.settings(agency, PASSWORD), "log_level": 0})
    with pytest.raises(KafkaException):
        newcomer.list_topics(timeout=3)
    admin.remove_agency(fabric.admin, agency)


def until_heard(reading: Any) -> str | None:
    """Return the broker's refusal, or None with a message."""
    for _ in range(300):
        message = reading.poll(0.1)
        if message is not None and (error := message.error()) is not None:
            return str(error.name())
        if message is not None:
            return None
    raise AssertionError("silence")


def test_everything_that_is_allowed_is_on_our_list(fabric: Fabric) -> None:
    agency = fabric.agency()
    listed = {rule.binding() for rule in (*acls.of_services(), *acls.of_agency(agency), *acls.of_host(agency))}

    principals = {"User:relay", *(f"User:{name}" for name in SERVICES), f"User:{agency}"}
    allowed = {binding for binding in admin.in_force(fabric.admin) if binding.principal in principals}  # type: ignore[attr-defined]

    assert {binding for binding in allowed if binding.name in (mailbox(agency), f"{agency}.")} == {  # type: ignore[attr-defined]
        binding for binding in listed if binding.name in (mailbox(agency), f"{agency}.")
    }
    assert {rule.binding() for rule in acls.of_services()} <= allowed


def a_letter(topic: str, body: bytes = b"sealed") -> OutgoingRecord:
    return OutgoingRecord(topic, b"key", [], body)


def test_a_carrier_tells_what_became_of_each_letter(fabric: Fabric) -> None:
    agency = fabric.agency()
    carrier = MailboxProducer(fabric.settings("relay"))
    letters = [a_letter(mailbox(agency)), a_letter(mailbox(agency), b"x" * 1_050_000), a_letter("elsewhere")]

    fates = carrier.produce(letters, within=10)

    assert fates[:2] == [DeliveryStatus.DELIVERED, DeliveryStatus.TOO_LARGE]
    assert fates[2] in (DeliveryStatus.REFUSED, DeliveryStatus.NO_MAILBOX)
    carrier.close()


def test_the_largest_body_that_is_taken_arrives(fabric: Fabric) -> None:
    agency = fabric.agency()
    carrier = MailboxProducer(fabric.settings("relay"))

    assert carrier.produce([a_letter(mailbox(agency), b"x" * BODY_LIMIT)], within=10) == [DeliveryStatus.DELIVERED]
    carrier.close()


def test_a_carrier_knows_a_mailbox_that_is_not_there(fabric: Fabric) -> None:
    carrier = MailboxProducer(fabric.settings("relay"))

    assert carrier.mailbox("to.nobody-at-all", within=5) is DeliveryStatus.NO_MAILBOX
    carrier.close()


def test_a_carrier_whose_password_is_wrong_carries_nothing(fabric: Fabric) -> None:
    (fabric.folder / "wrong").write_text("wrong")
    carrier = MailboxProducer(fabric.settings("relay", kafka_password_file=fabric.folder / "wrong"))

    assert carrier.produce([a_letter("to.somebody")], within=1) == [DeliveryStatus.UNKNOWN]
    carrier.close()
