from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from runtime.messaging import headers
from runtime.messaging.headers import Routing, UnreadableHeaders
from schemas.registry import CONTRACTS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SEALED = b"\x01\xff noise"


def a_routing(**other: object) -> Routing:
    fields: dict[str, object] = {
        "message_ref": UUID(int=1),
        "type": "accord.referral.accepted.v1",
        "sender": "harbor-house",
        "case_ref": UUID(int=2),
        "occurred_at": NOON,
        "sequence": 7,
    }
    return Routing(**fields | other)  # type: ignore[arg-type]


def test_a_letter_is_a_cloud_event_to_a_standard_parser() -> None:
    routing = a_routing()
    message = KafkaMessage(dict(headers.write(routing)), str(routing.case_ref), SEALED)

    event = from_binary(message, JSONFormat())

    assert (event.get_specversion(), event.get_id()) == ("1.0", str(routing.message_ref))
    assert (event.get_type(), event.get_source()) == (routing.type, "/agencies/harbor-house")
    assert (event.get_subject(), event.get_time()) == (str(routing.case_ref), NOON)
    assert event.get_datacontenttype() == "application/vnd.accord.sealed"
    assert event.get_dataschema() == "urn:accord:contract:accord.referral.accepted.v1"
    assert event.get_extension("sequence") == "00000000000000000007"
    assert event.get_data() == SEALED


def test_an_envelope_says_routing_and_nothing_more() -> None:
    names = {name for name, _ in headers.write(a_routing())}

    assert names == {
        "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "ce_dataschema",
        "content-type",
    }  # fmt: skip


@pytest.mark.parametrize("type_name", sorted(CONTRACTS))
def test_every_fact_of_ours_can_be_sent(type_name: str) -> None:
    routing = a_routing(type=type_name)

    assert headers.read(headers.write(routing)) == routing


def test_a_header_that_is_none_of_ours_is_not_read() -> None:
    sent = [*headers.write(a_routing()), ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]

    assert headers.read(sent) == a_routing()


@given(
    message_ref=st.uuids(),
    case_ref=st.uuids(),
    sequence=st.integers(0, 2**63 - 1),
    moved=st.timedeltas(timedelta(days=-9000), timedelta(days=9000)),
    hours=st.integers(-12, 14),
)
def test_what_was_written_is_read(
    message_ref: UUID, case_ref: UUID, sequence: int, moved: timedelta, hours: int
) -> None:
    at = (NOON + moved).astimezone(timezone(timedelta(hours=hours)))
    routing = a_routing(message_ref=message_ref, case_ref=case_ref, sequence=sequence, occurred_at=at)

    assert headers.read(headers.write(routing)) == routing


@pytest.mark.parametrize("name", [name for name, _ in headers.write(a_routing())])
def test_a_missing_header_makes_a_letter_unreadable(name: str) -> None:
    if name == "ce_dataschema":
        return  # it tells a partner where to look; we know our contracts
    sent = [header for header in headers.write(a_routing()) if header[0] != name]

    with pytest.raises(UnreadableHeaders, match=name):
        headers.read(sent)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", b"0.3"),
        ("ce_id", b"{00000000-0000-0000-0000-000000000001}"),
        ("ce_id", b"00000000000000000000000000000001"),
        ("ce_id", b"not a reference"),
        ("ce_type", b"accord.referral"),
        ("ce_type", "accord.référral.accepted.v1".encode()),
        ("ce_source", b"/agencies/../admin"),
        ("ce_source", b"harbor-house"),
        ("ce_subject", None),
        ("ce_time", b"2026-03-02T12:00:00"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-03-02 12:00:00.000000Z"),
        ("ce_time", b"2026-03-02T12:00:00Z"),
        ("ce_time", b"2026-03-02T12:00:00.0000009Z"),
        ("ce_time", b"2026-03-02T13:00:00.000000+01:00"),
        ("ce_time", b"2026-02-30T12:00:00.000000Z"),
        ("ce_sequence", b"-1"),
        ("ce_sequence", "٣".encode()),
        ("ce_sequence", b"9" * 30),
        ("ce_sequence", b"7"),
        ("ce_type", b"accord." + b"a" * 181 + b".held.v1" + b"9 and more"),
        ("content-type", b"application/json"),
        ("ce_type", b"accord.referral.accepted.v1\x00"),
    ],
)
def test_a_malformed_header_makes_a_letter_unreadable(name: str, value: bytes | None) -> None:
    sent = [(key, value if key == name else original) for key, original in headers.write(a_routing())]

    with pytest.raises(UnreadableHeaders, match=name):
        headers.read(sent)


def test_a_doubled_header_makes_a_letter_unreadable() -> None:
    with pytest.raises(UnreadableHeaders):
        headers.read([*headers.write(a_routing()), ("ce_id", str(uuid4()).encode())])


def test_what_is_unreadable_is_not_repeated() -> None:
    sent = [(name, b"Ana" if name == "ce_id" else value) for name, value in headers.write(a_routing())]

    with pytest.raises(UnreadableHeaders) as refused:
        headers.read(sent)

    assert "Ana" not in f"{refused.value} {refused.value!r} {refused.value.__cause__} {refused.value.__context__}"
