import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kernel.ledger import entry
from kernel.ledger.entry import Act, Header, UnreadableEntry, Verdict

NOON = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
A_HEADER = Header(
    at=NOON,
    act=Act.OPENED,
    actor="p-7f",
    agency="a-01",
    commitment="ab" * 32,
    verdict=Verdict.PERMIT,
    sv=4,
    subject="s-9c",
    custodian="a-02",
    purpose="advocacy",
    type="accord.referral.accepted.v1",
    categories=("location", "referral_status"),
    directives=("0e3c9bd0-6b1f-4c53-8d5e-3a9a0d1e2f4b",),
    basis="release",
)

words = st.text(st.characters(codec="utf-8"))
maybe_words = st.none() | words
headers = st.builds(
    Header,
    at=st.datetimes(timezones=st.just(UTC)),
    act=st.sampled_from(Act),
    actor=words,
    agency=words,
    commitment=words,
    verdict=st.sampled_from(Verdict),
    sv=st.integers(0, 2**53 - 1),
    subject=maybe_words,
    custodian=maybe_words,
    purpose=maybe_words,
    type=maybe_words,
    categories=st.lists(words).map(tuple),
    directives=st.lists(words).map(tuple),
    reason=maybe_words,
    basis=maybe_words,
    fields=st.lists(words).map(tuple),
    sealed=maybe_words,
)


@given(headers)
def test_a_body_is_canonical_json(header: Header) -> None:
    body = header.body()

    assert body == rfc8785.dumps(json.loads(body))


@given(headers)
def test_what_was_written_is_read_back(header: Header) -> None:
    assert entry.read(header.body()) == header


def test_the_bytes_of_a_line_never_change() -> None:
    assert A_HEADER.body() == (
        b'{"act":"opened","actor":"p-7f","agency":"a-01","at":"2026-03-01T12:00:00.000250Z","basis":"release",'
        b'"categories":["location","referral_status"],"commitment":"' + b"ab" * 32 + b'","custodian":"a-02",'
        b'"directives":["0e3c9bd0-6b1f-4c53-8d5e-3a9a0d1e2f4b"],"purpose":"advocacy","reason":null,"subject":"s-9c",'
        b'"sv":4,"type":"accord.referral.accepted.v1","verdict":"permit"}'
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("act", "peeked"),
        ("actor", 7),
        ("at", "2026-03-01T12:00:00Z"),
        ("at", "2026-03-01T12:00:00.000250"),
        ("at", "2026-03-01T12:00:00.000250+00:00"),
        ("at", "0001-01-01T00:00:00.000000+14:00"),
        ("categories", "location"),
        ("categories", [["location"]]),
        ("sv", "4"),
        ("verdict", None),
        ("extra", "word"),
    ],
)
def test_a_line_the_ledger_would_not_write_is_unreadable(name: str, value: Any) -> None:
    body = rfc8785.dumps({**json.loads(A_HEADER.body()), name: value})

    with pytest.raises(UnreadableEntry):
        entry.read(body)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", b" " + A_HEADER.body(), A_HEADER.body()[:-1]])
def test_bytes_that_are_no_line_are_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableEntry):
        entry.read(body)


@given(st.dictionaries(words, words | st.none() | st.booleans() | st.lists(words)))
def test_what_a_commitment_covers_is_canonical_json(detail: dict[str, Any]) -> None:
    assert entry.canonical(detail) == rfc8785.dumps(detail)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), words))
def test_details_of_words_are_canonical_too(detail: dict[str, str]) -> None:
    assert entry.canonical(detail) == rfc8785.dumps(detail)


def test_words_that_no_text_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        entry.canonical({"person_ref": "\ud800"})


def test_an_instant_is_written_in_utc_whatever_its_zone() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))

    assert entry.instant(elsewhere) == entry.instant(NOON) == "2026-03-01T12:00:00.000250Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(A_HEADER, at=NOON.replace(tzinfo=None)).body()


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2))
def test_the_order_of_written_instants_is_the_order_of_time(instants: list[datetime]) -> None:
    assert sorted(map(entry.instant, instants)) == [entry.instant(at) for at in sorted(instants)]


def test_a_commitment_is_the_hash_of_salt_and_canonical_detail() -> None:
    salt = bytes(range(32))

    commitment = entry.commitment(salt, {"person_ref": "ana", "b": 1, "a": [True, None]})

    assert commitment == hashlib.sha256(salt + b'{"a":[true,null],"b":1,"person_ref":"ana"}').digest()


def test_equal_details_under_two_salts_look_different() -> None:
    detail = {"person_ref": "ana"}

    assert entry.commitment(entry.new_salt(), detail) != entry.commitment(entry.new_salt(), detail)


@pytest.mark.parametrize("salt", [b"", b"short", bytes(33)])
def test_a_commitment_wants_a_whole_salt(salt: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        entry.commitment(salt, {})
