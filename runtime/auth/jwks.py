"""The issuer's public keys: fetched, kept, and asked for again no more often than is polite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from runtime import clock

Fetch = Callable[[], Awaitable[Any]]

FRESH_SECONDS = 300.0
STALE_SECONDS = 3600.0
BETWEEN_SECONDS = 10.0
MOST_KEYS = 16
MOST_BYTES = 64 * 1024
DISCOVERY = "/.well-known/openid-configuration"


class IssuerAway(Exception):
    """The issuer's keys cannot be had just now, so nobody can be told from anybody."""


class IssuerKeys:
    """The keys of one issuer by `kid`.

    Asked again when they are older than five minutes or a `kid` is unknown, never twice within ten seconds; while
    the issuer is away the old ones serve for an hour.
    """

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: dict[str, ECKey] = {}
        self._fetched: float | None = None
        self._attempted_at: float | None = None
        self._asking = asyncio.Lock()

    async def key(self, kid: str) -> ECKey | None:
        """Return the key named `kid`, or None; raises `IssuerAway` where no usable keys are at hand."""
        if kid not in self._keys or self._age() > FRESH_SECONDS:
            async with self._asking:
                if kid not in self._keys or self._age() > FRESH_SECONDS:
                    await self._ask()
        if self._age() > STALE_SECONDS:
            raise IssuerAway
        return self._keys.get(kid)

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._monotonic() - self._fetched

    async def _ask(self) -> None:
        now = self._monotonic()
        if self._attempted_at is not None and now - self._attempted_at < BETWEEN_SECONDS:
            return
        self._attempted_at = now
        try:
            self._keys = read_keys(await self._fetch())
        except (IssuerAway, httpx.HTTPError, ValueError):
            return
        self._fetched = self._monotonic()


def read_keys(key_set: Any) -> dict[str, ECKey]:
    """Return the P-256 signing keys of a key set; other keys are left out."""
    listed = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise IssuerAway
    keys = {}
    for jwk in listed:
        key = read_key(jwk)
        if key is not None and isinstance(jwk.get("kid"), str):
            keys[jwk["kid"]] = key
    return keys


def read_key(jwk: Any) -> ECKey | None:
    """Return a public P-256 signing key, or None for anything else."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        return None
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", "ES256") != "ES256":
        return None
    try:
        return ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, KeyError, TypeError):
        return None


@asynccontextmanager
async def fetching(issuer: str, *, insecure: bool) -> AsyncIterator[Fetch]:
    """Yield a function that fetches the issuer's key set by way of its discovery document (OIDC Discovery 1.0).

    Redirects are not followed and answers are bounded; plain http needs `insecure`.
    """
    scheme = ("https://", "http://") if insecure else ("https://",)
    async with httpx.AsyncClient(follow_redirects=False, timeout=3.0, trust_env=False) as client:

        async def fetch() -> Any:
            discovered = await _get(client, issuer + DISCOVERY)
            place = discovered.get("jwks_uri") if isinstance(discovered, dict) else None
            if not isinstance(place, str) or discovered.get("issuer") != issuer or not place.startswith(scheme):
                raise IssuerAway
            return await _get(client, place)

        yield fetch


async def _get(client: httpx.AsyncClient, address: str) -> Any:
    raw = bytearray()
    async with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != 200:
            raise IssuerAway
        async for chunk in answer.aiter_bytes():
            raw += chunk
            if len(raw) > MOST_BYTES:
                raise IssuerAway
    return json.loads(raw)
