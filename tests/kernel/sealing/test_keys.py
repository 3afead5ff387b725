import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.sealing.envelope import NotOpenable
from kernel.sealing.keys import Expanding, derive, expand, new_key, unwrap, wrap

keys = st.binary(min_size=32, max_size=32)


@given(keys, st.binary(max_size=300), st.binary())
def test_a_wrapped_key_comes_back_in_its_own_context(kek: bytes, key: bytes, context: bytes) -> None:
    assert unwrap(kek, wrap(kek, key, context), context) == key


@given(keys, st.binary(), st.binary())
def test_a_wrapped_key_comes_back_in_no_other_context(kek: bytes, context: bytes, other: bytes) -> None:
    wrapped = wrap(kek, new_key(), context)

    if other != context:
        with pytest.raises(NotOpenable):
            unwrap(kek, wrapped, other)


def test_a_wrapped_key_opens_under_no_other_key() -> None:
    with pytest.raises(NotOpenable):
        unwrap(new_key(), wrap(new_key(), new_key(), b"case"), b"case")


def test_no_altered_bit_of_a_wrapped_key_passes() -> None:
    kek = new_key()
    wrapped = wrap(kek, new_key(), b"case")

    for bit in range(len(wrapped) * 8):
        altered = bytearray(wrapped)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotOpenable):
            unwrap(kek, bytes(altered), b"case")


@pytest.mark.parametrize("length", [0, 1, 12, 27, 59])
def test_a_piece_of_a_wrapped_key_does_not_open(length: int) -> None:
    kek = new_key()

    with pytest.raises(NotOpenable):
        unwrap(kek, wrap(kek, new_key(), b"case")[:length], b"case")


def test_a_key_wrapped_twice_does_not_look_the_same() -> None:
    kek, key = new_key(), new_key()

    assert wrap(kek, key, b"case") != wrap(kek, key, b"case")


def test_a_wrapping_does_not_hold_the_key_in_the_clear() -> None:
    key = new_key()

    assert key not in wrap(new_key(), key, b"case")


@given(keys, st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_each_use_of_a_case_key_has_a_key_of_its_own(case_key: bytes, label: str, other: str) -> None:
    assert (derive(case_key, label) == derive(case_key, other)) == (label == other)
    assert derive(case_key, label) != case_key


@given(keys, st.lists(st.binary(max_size=200), max_size=3))
def test_a_key_and_its_nonce_are_what_hkdf_expands_to(key: bytes, several: list[bytes]) -> None:
    expanding = Expanding(key)

    for info in several:
        assert b"".join(expanding.key_and_nonce(info)) == expand(key, info, 44)


def test_a_derived_key_never_changes() -> None:
    derived = derive(bytes(range(32)), "ledger.detail")

    assert derived.hex() == "af4e383a24018cadefd11510e265d70f1c01820ecc82e6fa702446b3e41c781d"


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(33)])
def test_a_key_that_is_not_whole_is_no_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        derive(key, "detail")
    with pytest.raises(ValueError, match="32 bytes"):
        Expanding(key)
    with pytest.raises(ValueError, match="32 bytes"):
        wrap(key, new_key(), b"case")
    with pytest.raises(NotOpenable):
        unwrap(key, wrap(bytes(32), new_key(), b"case"), b"case")


def test_keys_are_fresh_and_whole() -> None:
    fresh_keys = {new_key() for _ in range(100)}

    assert len(fresh_keys) == 100
    assert {len(key) for key in fresh_keys} == {32}
