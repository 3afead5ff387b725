"""What a cookie's secret yields, and what it keeps from everybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.session_secret import NotUnsealed, SessionSecret


@given(st.binary(max_size=5000))
def test_what_is_sealed_opens_with_the_same_cookie_only(plain: bytes) -> None:
    secret, other = SessionSecret.new(), SessionSecret.new()
    sealed = secret.seal(plain)

    assert secret.unseal(sealed) == plain
    with pytest.raises(NotUnsealed):
        other.unseal(sealed)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_no_altered_byte_goes_unnoticed(plain: bytes, data: st.DataObject) -> None:
    secret = SessionSecret.new()
    sealed = bytearray(secret.seal(plain))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(NotUnsealed):
        secret.unseal(bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(28)])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(NotUnsealed):
        SessionSecret.new().unseal(sealed)


def test_every_use_has_a_value_of_its_own() -> None:
    secret = SessionSecret.new()

    values = [secret.text, secret.state, secret.verifier, secret.challenge, secret.csrf_token("a"), secret.digest.hex()]

    assert len(set(values)) == len(values)
    assert 43 <= len(secret.verifier) <= 128


def test_a_form_token_is_for_one_action_of_one_session() -> None:
    secret = SessionSecret.new()
    token = secret.csrf_token("/app/sign-out")

    assert secret.verify_csrf_token(token, "/app/sign-out")
    assert not secret.verify_csrf_token(token, "/app/other")
    assert not SessionSecret.new().verify_csrf_token(token, "/app/sign-out")


@pytest.mark.parametrize("text", [None, "", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "é", "A" * 43 + "\n"])
def test_a_cookie_that_we_did_not_make_is_none(text: str | None) -> None:
    assert SessionSecret.read(text) is None


def test_a_secret_shows_itself_in_no_text() -> None:
    secret = SessionSecret.new()

    assert secret.text not in f"{secret!r} {secret}"
