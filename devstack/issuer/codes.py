"""Authorization codes and refresh tokens: random, kept as digests, good for one use."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from runtime import clock

CODE_SECONDS = 60.0
SESSION_SECONDS = 8 * 3600.0
MOST_KEPT = 20_000

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class AuthorizationGrant:
    """What a person's sign-in granted to one client."""

    person_ref: str
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    scope: str | None
    until: float  # on the monotonic clock: when the person has to sign in again


class OneTimeTokens:
    """Secrets that stand for a sign-in until they are used, or run out."""

    def __init__(self, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._grants: OrderedDict[bytes, tuple[float, AuthorizationGrant]] = OrderedDict()

    def give(self, granted: AuthorizationGrant, seconds: float) -> str:
        """Return a new secret for `granted`, good for `seconds`."""
        secret = secrets.token_urlsafe(32)
        self._grants[_digest(secret)] = (self._monotonic() + seconds, granted)
        while len(self._grants) > MOST_KEPT:
            self._grants.popitem(last=False)
        return secret

    def take(self, secret: str) -> AuthorizationGrant | None:
        """Return the grant that `secret` stands for and forget it, or None."""
        until, granted = self._grants.pop(_digest(secret), (0.0, None))
        return granted if granted is not None and self._monotonic() < until else None


def is_challenge(text: str) -> bool:
    """Tell whether `text` can be a S256 code challenge (RFC 7636)."""
    return bool(_CHALLENGE.fullmatch(text))


def proves(verifier: str, challenge: str) -> bool:
    """Tell whether `verifier` is what the challenge was made of."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
