"""Clients that sign for themselves: private_key_jwt (RFC 7523), each assertion good for one use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from devstack.issuer.people import Account, Register
from runtime import clock
from runtime.auth.jwks import read_key
from runtime.auth.jws import LEEWAY_SECONDS, NotVerified, kid_of, signed_claims, unproven_claims
from runtime.auth.tokens import check_claims

TYPES: frozenset[str | None] = frozenset({None, "JWT", "client-authentication+jwt"})
LONGEST_SECONDS = 300
MOST_KEPT = 100_000
LONGEST_JTI = 200


class Assertions:
    """Verifies client assertions and remembers their `jti` until they have run out.

    As clocks differ, an assertion is taken up to `LEEWAY_SECONDS` before its `iat` and after its `exp` (RFC 7523, 3).
    """

    def __init__(self, register: Register, token_url: str, *, now: Callable[[], datetime] = clock.utcnow) -> None:
        self._register = register
        self._token_url = token_url
        self._now = now
        self._used: dict[tuple[str, str], int] = {}
        # What was used before this process started is not remembered, so what was signed before is refused.
        self._started = int(now().timestamp())

    async def client(self, assertion: str) -> Account:
        """Return the client that signed `assertion`; raises `NotVerified`, also when it was used before."""
        kid = kid_of(assertion, types=TYPES)
        client_id = unproven_claims(assertion).get("sub")
        account = await self._register.client(client_id) if isinstance(client_id, str) else None
        key = None if account is None else read_key(account.public_jwk)
        if account is None or key is None:
            raise NotVerified("client")
        if kid and kid != account.public_jwk.get("kid", kid):
            raise NotVerified("kid")
        claims = signed_claims(assertion, key)
        self._check(claims, account.principal.subject)
        self._use(account.principal.subject, claims)
        return account

    def _check(self, claims: dict[str, Any], client_id: str) -> None:
        now = int(self._now().timestamp())
        check_claims(claims, issuer=client_id, audience=self._token_url, now=self._now(), longest=LONGEST_SECONDS)
        if claims["sub"] != client_id:
            raise NotVerified("sub")
        if claims["exp"] > now + LONGEST_SECONDS + LEEWAY_SECONDS:
            raise NotVerified("lifetime")
        if claims["iat"] < self._started:
            raise NotVerified("iat")

    def _use(self, client_id: str, claims: dict[str, Any]) -> None:
        now = int(self._now().timestamp())
        mark = (client_id, claims["jti"])
        if len(claims["jti"]) > LONGEST_JTI or mark in self._used:
            raise NotVerified("jti")
        if len(self._used) >= MOST_KEPT:
            self._used = {mark: until for mark, until in self._used.items() if until >= now}
        if len(self._used) >= MOST_KEPT:
            raise NotVerified("jti")
        self._used[mark] = int(claims["exp"]) + LEEWAY_SECONDS
