import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.sealing import seal as vault
from kernel.sealing.detail import Details
from kernel.sealing.envelope import NotOpenable, Sealed
from kernel.sealing.keys import new_key
from schemas.categories import DataCategory
from schemas.taxonomy import ALL, FIELDS, bit, category_mask, mask_of
from tests.support.details import open_detail

Parts = dict[DataCategory, dict[str, Any]]

MESSAGE = UUID("6f1c9c52-7d0e-4c1b-9a55-0f3f3d1c2b7a")
TYPE = "accord.referral.accepted.v1"
KEY = bytes(range(32))
CANARY = "canary-harbour-lane"
PARTS: Parts = {
    DataCategory.IDENTITY: {"given_name": CANARY, "family_name": "Ortiz"},
    DataCategory.LOCATION: {"meeting_place": CANARY},
    DataCategory.REFERRAL_STATUS: {"advocate_name": CANARY, "contact_attempts": [1, None, True]},
}

texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
paths = st.frozensets(st.sampled_from(FIELDS), max_size=12)


def parts_of(fields: Mapping[str, Any]) -> Parts:
    parts: Parts = {}
    for path, value in fields.items():
        category, _, name = path.partition(".")
        parts.setdefault(DataCategory(category), {})[name] = value
    return parts


def sealed(parts: Mapping[DataCategory, Mapping[str, Any]], key: bytes = KEY, message_ref: UUID = MESSAGE) -> Sealed:
    return Sealed(message_ref, "harbor-house", TYPE, ALL, vault.seal(message_ref, "harbor-house", TYPE, parts, key))


def blocks(body: bytes) -> list[bytes]:
    """Return the closed categories of a body, as anybody who holds it can tell them apart."""
    closed, start = [], 1
    while start < len(body) - 16:
        stop = start + 16 + int.from_bytes(body[start + 12 : start + 16])
        closed.append(body[start:stop])
        start = stop
    return closed


@given(st.dictionaries(st.sampled_from(FIELDS), values, max_size=12), paths)
def test_unsealing_gives_back_exactly_the_masked_fields(fields: dict[str, Any], allowed: frozenset[str]) -> None:
    message = sealed(parts_of(fields))

    opened = vault.unseal(message, mask_of(allowed), KEY)

    assert opened == parts_of({path: value for path, value in fields.items() if path in allowed})


@given(st.dictionaries(st.sampled_from(FIELDS), values, max_size=12))
def test_a_full_mask_opens_everything_and_an_empty_one_nothing(fields: dict[str, Any]) -> None:
    message = sealed(parts_of(fields))

    assert vault.unseal(message, ALL, KEY) == parts_of(fields)
    assert vault.unseal(message, 0, KEY) == {}


def test_a_negative_mask_permits_nothing() -> None:
    with pytest.raises(NotOpenable):
        vault.unseal(sealed(PARTS), -1, KEY)


def test_a_field_that_this_taxonomy_does_not_know_stays_shut() -> None:
    message = sealed({DataCategory.NEEDS: {"needs": ["housing"], "of_a_later_version": CANARY}})

    assert vault.unseal(message, ALL, KEY) == {DataCategory.NEEDS: {"needs": ["housing"]}}


def test_no_altered_bit_of_a_body_passes() -> None:
    message = sealed(PARTS)

    for place in range(len(message.body) * 8):
        altered = bytearray(message.body)
        altered[place // 8] ^= 1 << place % 8
        with pytest.raises(NotOpenable):
            vault.unseal(replace(message, body=bytes(altered)), bit("location.meeting_place"), KEY)


def test_no_piece_of_a_body_passes() -> None:
    message = sealed(PARTS)

    for length in range(len(message.body)):
        with pytest.raises(NotOpenable):
            vault.unseal(replace(message, body=message.body[:length]), ALL, KEY)
    with pytest.raises(NotOpenable):
        vault.unseal(replace(message, body=message.body + b"\x00"), ALL, KEY)


def test_categories_cannot_change_places_or_be_left_out() -> None:
    message = sealed(PARTS)
    first, second, third = blocks(message.body)
    tag = message.body[-16:]
    swapped = (first[:16] + second[16:], second[:16] + first[16:], third)

    for forged in ((second, first, third), swapped, (first, second), (first, second, third, third), ()):
        with pytest.raises(NotOpenable):
            vault.unseal(replace(message, body=b"\x01" + b"".join(forged) + tag), ALL, KEY)


def test_a_category_of_another_message_does_not_fit_in() -> None:
    message, other = sealed(PARTS), sealed(PARTS, message_ref=uuid4())
    first, *_ = blocks(message.body)

    with pytest.raises(NotOpenable):
        vault.unseal(replace(message, body=message.body.replace(first, blocks(other.body)[0])), ALL, KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"message_ref": uuid4()},
        {"recipient": "county-sheriff"},
        {"recipient": "harbor-house" + TYPE[0]},
        {"recipient": ""},
        {"recipient": "\ud800"},
        {"type": "accord.referral.declined.v1"},
        {"type": "x" * 100_000},
    ],
)
def test_a_message_opens_in_its_own_place_only(change: dict[str, Any]) -> None:
    with pytest.raises(NotOpenable):
        vault.unseal(replace(sealed(PARTS), **change), ALL, KEY)


def test_recipient_and_type_do_not_run_into_one_another() -> None:
    body = vault.seal(MESSAGE, "harbor", "house.v1", PARTS, KEY)

    with pytest.raises(NotOpenable):
        vault.unseal(Sealed(MESSAGE, "harborh", "ouse.v1", ALL, body), ALL, KEY)


@pytest.mark.parametrize("key", [new_key(), b"", KEY[:16], KEY + b"\x00"], ids=["another", "none", "half", "longer"])
def test_a_message_opens_with_its_own_key_only(key: bytes) -> None:
    with pytest.raises(NotOpenable):
        vault.unseal(sealed(PARTS), ALL, key)


def test_a_refusal_says_nothing_of_the_message() -> None:
    with pytest.raises(NotOpenable) as refused:
        vault.unseal(sealed(PARTS), ALL, new_key())

    assert refused.value.args == ()
    assert refused.value.__cause__ is None


def test_a_body_shows_no_word_and_no_category() -> None:
    message = sealed(PARTS)

    for word in (CANARY, "given_name", TYPE, "harbor-house", *DataCategory):
        assert word.encode() not in message.body


@given(paths.filter(bool), st.data())
def test_what_is_hidden_changes_nothing_that_is_seen(fields: frozenset[str], data: st.DataObject) -> None:
    hidden = DataCategory(data.draw(st.sampled_from(sorted(fields))).partition(".")[0])
    first = parts_of(dict.fromkeys(fields, "one"))
    other = {category: dict.fromkeys(part, "two") if category is hidden else part for category, part in first.items()}
    mask = ALL & ~category_mask(hidden)

    assert vault.unseal(sealed(first), mask, KEY) == vault.unseal(sealed(other), mask, KEY)
    assert hidden not in vault.unseal(sealed(first), mask, KEY)


@given(st.permutations(list(PARTS)))
def test_the_order_of_a_body_tells_nothing_of_its_categories(order: list[DataCategory]) -> None:
    assert sealed({category: PARTS[category] for category in order}) == sealed(PARTS)


def test_every_category_stands_first_in_some_body() -> None:
    parts: Parts = {DataCategory.IDENTITY: {"given_name": "Ana"}, DataCategory.NEEDS: {"needs": ["x" * 300]}}

    firsts = {len(blocks(sealed(parts, new_key()).body)[0]) for _ in range(64)}

    assert len(firsts) == 2


@pytest.mark.parametrize("length", [0, 1, 100, 200])
def test_short_and_long_words_are_of_one_size(length: int) -> None:
    message = sealed({DataCategory.LOCATION: {"place": "x" * length}})

    assert [len(block) for block in blocks(message.body)] == [12 + 4 + 256 + 16]


def test_two_messages_that_say_the_same_share_no_piece() -> None:
    first, other = sealed(PARTS, new_key()).body, sealed(PARTS, new_key()).body
    pieces = {first[place : place + 12] for place in range(1, len(first) - 12)}

    assert all(other[place : place + 12] not in pieces for place in range(1, len(other) - 12))


def test_one_key_for_two_recipients_still_repeats_no_nonce() -> None:
    first = vault.seal(MESSAGE, "harbor-house", TYPE, PARTS, KEY)
    other = vault.seal(MESSAGE, "county-sheriff", TYPE, PARTS, KEY)

    assert {block[:12] for block in blocks(first)}.isdisjoint(block[:12] for block in blocks(other))


def test_a_message_without_a_category_is_sealed_all_the_same() -> None:
    message = sealed({})

    assert vault.unseal(message, ALL, KEY) == {}
    with pytest.raises(NotOpenable):
        vault.unseal(message, ALL, new_key())


def test_a_body_of_the_first_version_still_opens() -> None:
    body = bytes.fromhex(
        "01a6cd2c1066cd901f36391d8b000001100344c7ca30989a04ef4062cb983997b53050f2c9a296a42d2fc4924b0b8d541b3c"
        "bb8158304c82f28fc90cdd0119b88d11d3694bdd7a0bb2f05d758273915ba0d17667827f2082d33aef6225322184c3fdc146"
        "11fbff5b6046c40924df510ebf7efea3906c7013f340795bdea12c00d66f228d1e6dcc366ee4dec7598e85664e68424550cc"
        "90bcd63f1c1d9e789d3c0c0c0110d33a1faa7c0a3a0af93f5a154c12a98ec25785985ce81e2255ee8ed2de09dbeed84c9d0a"
        "d1a262decfd47c08c860ba2754b6f4f4008a9a25e7d4b276198472985c6cc47f4db76cd8ed95438519dce7070b328df93b7a"
        "4032fdbf197b6fa387f835fcfbdbd27daf080db57976eec83da689e7aa830fb76c7b601352451dd1ea8d93f0d7a3d558111a"
        "7cf8170138"
    )

    message = Sealed(MESSAGE, "harbor-house", TYPE, ALL, body)

    assert vault.unseal(message, ALL, KEY) == {DataCategory.NEEDS: {"needs": ["housing"]}}
    assert sealed({DataCategory.NEEDS: {"needs": ["housing"]}}).body == body


TERMS = {"directive_ref": str(MESSAGE), "categories": ["needs"]}


def test_terms_open_in_their_own_place() -> None:
    body = vault.seal_terms(MESSAGE, "harbor-house", TYPE, TERMS, KEY)

    assert vault.open_terms(Sealed(MESSAGE, "harbor-house", TYPE, 0, body), KEY) == TERMS


@pytest.mark.parametrize(
    ("message_ref", "recipient", "type_name"),
    [
        (UUID(int=9), "harbor-house", TYPE),
        (MESSAGE, "county-sheriff", TYPE),
        (MESSAGE, "harbor-house", "accord.consent.revoked.v1"),
    ],
)
def test_l9_terms_open_in_no_other_place(message_ref: UUID, recipient: str, type_name: str) -> None:
    body = vault.seal_terms(MESSAGE, "harbor-house", TYPE, TERMS, KEY)

    with pytest.raises(NotOpenable):
        vault.open_terms(Sealed(message_ref, recipient, type_name, 0, body), KEY)


def test_l9_no_altered_bit_of_terms_passes() -> None:
    body = vault.seal_terms(MESSAGE, "harbor-house", TYPE, TERMS, KEY)
    for place in range(len(body)):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]

        with pytest.raises(NotOpenable):
            vault.open_terms(Sealed(MESSAGE, "harbor-house", TYPE, 0, altered), KEY)


@given(st.dictionaries(texts, values, max_size=6))
def test_a_ledger_detail_opens_with_its_case_key(detail: dict[str, Any]) -> None:
    assert open_detail(KEY, Details(KEY).seal(detail)) == detail


def test_a_sealed_ledger_detail_is_read_back() -> None:
    assert open_detail(KEY, Details(KEY).seal({"person_ref": CANARY})) == {"person_ref": CANARY}


def test_a_ledger_detail_is_gone_with_its_case_key() -> None:
    closed = Details(new_key()).seal({"person_ref": CANARY})

    assert CANARY.encode() not in closed
    with pytest.raises(NotOpenable):
        open_detail(new_key(), closed)


def test_details_of_like_length_are_of_one_size() -> None:
    sizes = {len(Details(KEY).seal({"person_ref": "x" * length})) for length in range(200)}

    assert len(sizes) == 1


def test_a_wrapped_key_is_not_taken_for_a_detail() -> None:
    wrapped = vault.wrap(vault.derive(KEY, "ledger.detail"), json.dumps({}).encode(), b"another use")

    with pytest.raises(NotOpenable):
        open_detail(KEY, wrapped)
