"""The issuer's key, made when it is missing, and the tokens it signs."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey

from runtime import clock
from runtime.auth.principal import Principal

PERSON_SECONDS = 900
SYSTEM_SECONDS = 300
KEY_FILE = "issuer.key.json"


class UnsafeKeyFile(Exception):
    """Others could read the signing key."""


def signing_key(folder: Path) -> ECKey:
    """Return the ES256 key kept in `folder`, making it the first time; only its owner may read it."""
    place = folder / KEY_FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if stat.S_IMODE(place.stat().st_mode) & 0o077:
            raise UnsafeKeyFile(f"{KEY_FILE} can be read by others: chmod 600") from None
        return _with_kid(ECKey.import_key(json.loads(place.read_text(encoding="utf-8"))))
    key = ECKey.generate_key("P-256", private=True)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(key.as_dict(private=True), file)
    return _with_kid(key)


def public_set(key: ECKey) -> dict[str, Any]:
    """Return the key set that others verify our tokens with."""
    public = {name: value for name, value in key.as_dict(private=False).items() if name in {"kty", "crv", "x", "y"}}
    return {"keys": [{**public, "kid": key.kid, "use": "sig", "alg": "ES256"}]}


class TokenSigner:
    """Signs access tokens (RFC 9068) and identity tokens for those who have shown who they are."""

    def __init__(self, issuer: str, audience: str, key: ECKey, *, now: Callable[[], datetime] = clock.utcnow) -> None:
        self._issuer = issuer
        self._audience = audience
        self._key = key
        self._now = now

    def access(self, principal: Principal, client_id: str, seconds: int) -> str:
        """Return an access token for `principal`, good for `seconds`."""
        claims = {
            "aud": self._audience,
            "client_id": client_id,
            "agency_id": principal.agency_id,
            "kind": str(principal.kind),
            "name": principal.name,
            "scope": " ".join(sorted(principal.scopes)),
            "roles": sorted(principal.roles),
        }
        return self._signed("at+jwt", principal, seconds, claims)

    def identity(self, principal: Principal, client_id: str, nonce: str | None) -> str:
        """Return an identity token (OpenID Connect) for the client; it opens nothing here."""
        claims: dict[str, Any] = {"aud": client_id, "name": principal.name}
        if nonce is not None:
            claims["nonce"] = nonce
        return self._signed("JWT", principal, PERSON_SECONDS, claims)

    def _signed(self, typ: str, principal: Principal, seconds: int, claims: dict[str, Any]) -> str:
        at = int(self._now().timestamp())
        times = {"iss": self._issuer, "sub": principal.subject, "iat": at, "exp": at + seconds, "jti": str(uuid4())}
        return jwt.encode({"alg": "ES256", "typ": typ, "kid": self._key.kid}, {**times, **claims}, self._key)


def _with_kid(key: ECKey) -> ECKey:
    key.ensure_kid()
    return key
