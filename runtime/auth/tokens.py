"""The one function that says whom a token names.

joserfc alone accepts an expired token, another's audience and any `typ`, so nothing here is left to its defaults:
the algorithm and the type are pinned, a header may hold `alg`, `typ` and `kid` and nothing else, and every claim
that we read is required and checked.

A signature that held is not asked for again while its key serves: that is most of what a token costs.  Its claims are
checked at every use, so a token ends when it says, and a refusal is never remembered.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jwt import JWTClaimsRegistry

from runtime import clock
from runtime.auth.jwks import Fetch, IssuerKeys
from runtime.auth.jwks import IssuerAway as IssuerAway
from runtime.auth.jwks import fetching as fetching
from runtime.auth.jws import LEEWAY_SECONDS, kid_of, signed_claims
from runtime.auth.jws import NotVerified as NotVerified
from runtime.auth.principal import IN_TOKENS, Kind, Principal

TYPES: frozenset[str | None] = frozenset({"at+jwt"})
# ADR 0026: signatures that held, by the digest of the token; every claim is still checked at every use.
MOST_PROVEN: Final = 2_000

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_WORDS = re.compile(r"[a-z_]+:[a-z_]+( [a-z_]+:[a-z_]+)*|")
_ROLE = re.compile(r"[a-z_]{1,40}")


class Tokens:
    """Verifies access tokens (RFC 9068) of one issuer, meant for one audience."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        fetch: Fetch,
        *,
        longest: int = 900,
        now: Callable[[], datetime] = clock.utcnow,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._longest = longest
        self._now = now
        self._keys = IssuerKeys(fetch, monotonic=monotonic)
        self._proven: OrderedDict[bytes, tuple[ECKey, dict[str, Any]]] = OrderedDict()  # by digest: no token is kept

    async def verify(self, token: str) -> Principal:
        """Return whom `token` names; raises `NotVerified`, or `IssuerAway` where that cannot be told."""
        kid = kid_of(token, types=TYPES)
        key = await self._keys.key(kid)
        if key is None:
            raise NotVerified("kid")
        return self._principal(self._claims(token, key))

    def _claims(self, token: str, key: ECKey) -> dict[str, Any]:
        digest = hashlib.sha256(token.encode()).digest()
        by, claims = self._proven.get(digest, (None, {}))
        if by is key:  # keys that were fetched anew are others, so what they signed is asked for again
            return claims
        claims = signed_claims(token, key)
        self._proven[digest] = key, claims
        if len(self._proven) > MOST_PROVEN:
            self._proven.popitem(last=False)
        return claims

    def _principal(self, claims: dict[str, Any]) -> Principal:
        check_claims(claims, issuer=self._issuer, audience=self._audience, now=self._now(), longest=self._longest)
        return read_principal(claims)


def check_claims(claims: dict[str, Any], *, issuer: str, audience: str, now: datetime, longest: int) -> None:
    """Refuse claims of another issuer, for another audience, outside their time, or too long-lived."""
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise NotVerified(getattr(error, "claim", None) or "claims") from None
    # A token for several audiences could be carried on by any of them.
    if claims["aud"] not in (audience, [audience]):
        raise NotVerified("aud")
    if not 0 < claims["exp"] - claims["iat"] <= longest:
        raise NotVerified("lifetime")


def read_principal(claims: dict[str, Any]) -> Principal:
    """Return whom the claims name; raises `NotVerified` for any claim that is not of its shape."""
    kind = claims.get("kind")
    subject = _matching(claims, "sub", _SLUG)
    if not isinstance(kind, str) or kind not in IN_TOKENS:
        raise NotVerified("kind")
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) and _ROLE.fullmatch(role) for role in roles):
        raise NotVerified("roles")
    name = claims.get("name", "")
    if not isinstance(name, str) or len(name) > 200:
        raise NotVerified("name")
    return Principal(
        subject=subject,
        agency_id=_matching(claims, "agency_id", _SLUG),
        kind=Kind(kind),
        person_ref=subject if kind == Kind.PERSON else None,
        name=name,
        scopes=frozenset(_matching(claims, "scope", _WORDS).split()),
        roles=frozenset(roles),
        until=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _matching(claims: dict[str, Any], name: str, shape: re.Pattern[str]) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise NotVerified(name)
    return value
