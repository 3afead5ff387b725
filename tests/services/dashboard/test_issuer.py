"""The issuer as the dashboard takes it: by its own word only, and away is told from no."""

from typing import Any

import httpx
import pytest

from runtime.auth.tokens import IssuerAway
from services.dashboard.issuer import Issuer, NoBoard, SignInDenied, TokenSet
from services.dashboard.session_secret import SessionSecret

ADDRESS = "https://issuer.test"
METADATA = {
    "issuer": ADDRESS,
    "authorization_endpoint": f"{ADDRESS}/authorize?tenant=1",
    "token_endpoint": f"{ADDRESS}/token",
}
TOKENS = {"access_token": "a", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r"}


def an_issuer(metadata: Any = METADATA, tokens: Any = TOKENS, status: int = 200) -> Issuer:
    def answer(request: httpx.Request) -> httpx.Response:
        is_token = request.url.path == "/token"
        return httpx.Response(status if is_token else 200, json=tokens if is_token else metadata)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Issuer(client, ADDRESS, "https://board.test/app/signed-in")


async def test_what_the_issuer_gives_is_kept_and_renewed() -> None:
    issuer = an_issuer()

    granted = await issuer.signed_in("code", SessionSecret.new())

    assert granted == TokenSet("a", "r", 900)
    assert TokenSet.unpacked(granted.packed()) == TokenSet("a", "r")
    assert await issuer.renewed(granted) == granted


async def test_an_address_keeps_what_it_asked_already() -> None:
    address = await an_issuer().sign_in_address(SessionSecret.new())

    assert address.startswith(f"{ADDRESS}/authorize?tenant=1&response_type=code&")


async def test_without_a_refresh_token_a_session_ends_with_its_token() -> None:
    with pytest.raises(SignInDenied):
        await an_issuer().renewed(TokenSet("a", None))


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        {},
        METADATA | {"issuer": "https://another.test"},
        METADATA | {"token_endpoint": "http://issuer.test/token"},
        METADATA | {"token_endpoint": None},
    ],
)
async def test_a_document_that_is_not_the_issuers_own_is_not_followed(metadata: Any) -> None:
    with pytest.raises(IssuerAway):
        await an_issuer(metadata).signed_in("code", SessionSecret.new())


@pytest.mark.parametrize("tokens", [[], {}, TOKENS | {"token_type": "mac"}, TOKENS | {"access_token": 1}])
async def test_an_answer_that_is_no_token_is_none(tokens: Any) -> None:
    with pytest.raises(IssuerAway):
        await an_issuer(tokens=tokens).signed_in("code", SessionSecret.new())


@pytest.mark.parametrize(
    ("status", "tokens", "kind"),
    [
        (400, {"error": "invalid_grant"}, SignInDenied),
        (401, {"error": "invalid_client"}, SignInDenied),
        (400, {"error": "invalid_scope"}, NoBoard),
        (400, [], IssuerAway),
        (500, {}, IssuerAway),
        (429, {"error": "slow_down"}, IssuerAway),
    ],
)
async def test_no_is_told_from_not_now(status: int, tokens: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        await an_issuer(tokens=tokens, status=status).signed_in("code", SessionSecret.new())

    assert caught.type is kind


def test_tokens_show_themselves_in_no_text() -> None:
    assert "a-token" not in repr(TokenSet("a-token", "another-token"))
