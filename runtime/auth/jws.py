"""Reading signed tokens: one algorithm, a header that may hold three names, one spelling, each name once."""

from __future__ import annotations

import base64
import re
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from schemas import strict_json

ALGORITHM = "ES256"
# No `jku`, `x5u`, `jwk`, `x5c`: a token must not say where its key is.  No `crit`: we know no extension.
HEADER = frozenset({"alg", "typ", "kid"})
LONGEST = 4096  # characters of a token
# Clocks differ: for so long a token or an assertion is taken before its beginning and after its end.
LEEWAY_SECONDS = 30

_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,3000}\.[A-Za-z0-9_-]{86}")
_KID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=True)


class NotVerified(Exception):
    """The token names nobody; which check it failed is for our own tests and logs, never for an answer."""

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check


def kid_of(token: str, *, types: frozenset[str | None]) -> str:
    """Return the `kid` of a token ("" where it has none); refuse a header with anything that is not pinned."""
    if len(token) > LONGEST or not _SHAPE.fullmatch(token):
        raise NotVerified("shape")
    header, _, _ = (_decoded(part) for part in token.split("."))
    try:
        fields = strict_json.loads(header)
    except strict_json.BadJson:
        raise NotVerified("header") from None
    if not isinstance(fields, dict) or not fields.keys() <= HEADER:
        raise NotVerified("header")
    if fields.get("alg") != ALGORITHM:
        raise NotVerified("alg")
    typ = fields.get("typ")
    if not isinstance(typ, str | None) or typ not in types:
        raise NotVerified("typ")
    kid = fields.get("kid", "")
    if not isinstance(kid, str) or (kid and not _KID.fullmatch(kid)):
        raise NotVerified("kid")
    return kid


def signed_claims(token: str, key: ECKey) -> dict[str, Any]:
    """Return the claims that `key` signed, each name once; raises `NotVerified`."""
    try:
        signature = jws.deserialize_compact(token, key, algorithms=[ALGORITHM], registry=_REGISTRY)
    except (JoseError, ValueError):
        raise NotVerified("signature") from None
    return _claims(signature.payload or b"")


def unproven_claims(token: str) -> dict[str, Any]:
    """Return what a token of the right shape says, proven by nobody: only to find out whose key to try."""
    return _claims(_decoded(token.split(".")[1]))


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = strict_json.loads(payload)
    except strict_json.BadJson:
        raise NotVerified("claims") from None
    if not isinstance(claims, dict):
        raise NotVerified("claims")
    return claims


def _decoded(part: str) -> bytes:
    # Lenient, and harmless: joserfc refuses a second spelling of the same bytes before any claim is read.
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise NotVerified("shape") from None
