"""The keys derived from the random text in a browser's cookie; the text itself is kept nowhere on our side.

The database holds its digest, and tokens sealed under a key made of it: neither a copy of the table nor whoever
reads it can use a session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


class NotUnsealed(Exception):
    """What was sealed does not open with this cookie."""


@dataclass(frozen=True, slots=True)
class SessionSecret:
    """The random text of one cookie."""

    text: str = field(repr=False)

    @classmethod
    def new(cls) -> SessionSecret:
        """Return a secret of 256 random bits."""
        return cls(secrets.token_urlsafe(32))

    @classmethod
    def read(cls, text: str | None) -> SessionSecret | None:
        """Return the secret that a cookie holds, or None for anything that we did not make."""
        return cls(text) if text is not None and _SHAPE.fullmatch(text) else None

    @property
    def digest(self) -> bytes:
        """Return the name under which the session is kept."""
        return hashlib.sha256(self.text.encode()).digest()

    def seal(self, plain: bytes) -> bytes:
        """Return `plain`, closed to all but the bearer of the cookie."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key("seal")).encrypt(nonce, plain, self.digest)

    def unseal(self, sealed: bytes) -> bytes:
        """Return what was sealed; raises `NotUnsealed` for another cookie's or an altered one."""
        try:
            return AESGCM(self._key("seal")).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self.digest)
        except (InvalidTag, ValueError):
            raise NotUnsealed from None

    def csrf_token(self, action: str) -> str:
        """Return what the form of `action` carries, to prove that it was made for this session."""
        return _text(hmac.digest(self._key("form"), action.encode(), "sha256"))

    def verify_csrf_token(self, token: str, action: str) -> bool:
        """Tell whether `token` is this session's for `action`."""
        return hmac.compare_digest(token.encode(), self.csrf_token(action).encode())

    @property
    def state(self) -> str:
        """Return what ties the issuer's answer to the browser that asked (RFC 6749, 10.12)."""
        return _text(self._key("state"))

    @property
    def verifier(self) -> str:
        """Return the code verifier of a sign-in (RFC 7636)."""
        return _text(self._key("verifier"))

    @property
    def challenge(self) -> str:
        """Return the S256 challenge of the verifier."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def _key(self, use: str) -> bytes:
        kdf = HKDF(SHA256(), 32, salt=None, info=b"accord.dashboard.1\x00" + use.encode())
        return kdf.derive(self.text.encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
