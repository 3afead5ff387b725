"""The issuer of tokens as an application sees it: authorization code with PKCE (RFC 6749, 7636, 9207).

The access token alone, verified like any other, names the person; no identity token is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from runtime.auth.jwks import DISCOVERY
from runtime.auth.scopes import Scope
from runtime.auth.tokens import IssuerAway
from services.dashboard.session_secret import SessionSecret

CLIENT_ID = "dashboard"
# All that people may ask for: whoever signs in gets those that their roles give, and no others (RFC 6749, 3.3). The
# token opens messages and changes cases, so it is sealed under the browser's cookie (session_secret).
SCOPE = " ".join(sorted(Scope))


class SignInDenied(Exception):
    """The issuer gives no token for this."""


class NoBoard(SignInDenied):
    """Whoever signed in holds none of the scopes that the board asks for."""


@dataclass(frozen=True, slots=True)
class TokenSet:
    """An access token, what gets the next one, and how many seconds it is good from when it was given."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    seconds: int = 0

    def packed(self) -> bytes:
        """Return the tokens as they are sealed."""
        return json.dumps([self.access, self.refresh]).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """Return the tokens that were packed."""
        return cls(*json.loads(packed))


@dataclass(frozen=True, slots=True)
class Issuer:
    """Where people sign in; it sends them back to `back`."""

    client: httpx.AsyncClient = field(repr=False)
    address: str
    back: str

    async def sign_in_address(self, secret: SessionSecret) -> str:
        """Return the address where a browser signs in; only the bearer of `secret` can use the code that comes back."""
        params = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.back,
            "scope": SCOPE,
            "state": secret.state,
            "code_challenge": secret.challenge,
            "code_challenge_method": "S256",
        }
        place = await self._place("authorization_endpoint")
        return f"{place}{'&' if '?' in place else '?'}{urlencode(params)}"

    async def signed_in(self, code: str, secret: SessionSecret) -> TokenSet:
        """Return the tokens for a code; raises `SignInDenied` or `IssuerAway`."""
        proof = {"code": code, "redirect_uri": self.back, "code_verifier": secret.verifier}
        return await self._token({"grant_type": "authorization_code", **proof})

    async def renewed(self, granted: TokenSet) -> TokenSet:
        """Return the next tokens of a sign-in; raises `SignInDenied` where it is over, or `IssuerAway`."""
        if granted.refresh is None:
            raise SignInDenied
        return await self._token({"grant_type": "refresh_token", "refresh_token": granted.refresh})

    async def _token(self, form: Mapping[str, str]) -> TokenSet:
        place = await self._place("token_endpoint")
        try:
            answer = await self.client.post(place, data={**form, "client_id": CLIENT_ID})
            if answer.status_code in (400, 401):
                raise NoBoard if answer.json().get("error") == "invalid_scope" else SignInDenied
            return _granted(answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
            raise IssuerAway from None

    async def _place(self, name: str) -> str:
        try:
            answer = await self.client.get(self.address + DISCOVERY)
            metadata = answer.raise_for_status().json()
            place = metadata[name]
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            raise IssuerAway from None
        secure = not self.address.startswith("https://") or str(place).startswith("https://")
        if not isinstance(place, str) or metadata.get("issuer") != self.address or not secure:
            raise IssuerAway
        return place


def _granted(body: Any) -> TokenSet:
    if body["token_type"].lower() != "bearer" or not isinstance(body["access_token"], str):
        raise ValueError("not a bearer token")
    refresh = body.get("refresh_token")
    return TokenSet(body["access_token"], refresh if isinstance(refresh, str) else None, int(body["expires_in"]))
