"""Keys: made, derived one from another, and wrapped one under another.

Nothing here reads a message, so keyrings and pseudonyms may use it.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from kernel.sealing.envelope import NotOpenable

KEY_BYTES = 32
NONCE_BYTES = 12
_SHA256 = SHA256()


def new_key() -> bytes:
    """Return a fresh key of 256 random bits."""
    return secrets.token_bytes(KEY_BYTES)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """Return `length` bytes that only the holder of `key` can tell, for the use that `info` names (HKDF)."""
    return HKDFExpand(_SHA256, length, info).derive(_whole(key))


class Expanding:
    """The key and nonce of each use of one key: HKDF-Expand (RFC 5869) to 44 bytes, its HMAC being keyed once."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(_whole(key), _SHA256)

    def key_and_nonce(self, info: bytes) -> tuple[bytes, bytes]:
        """Return the first 32 of the bytes that `expand` gives for `info`, and the 12 after them."""
        first = self._keyed.copy()
        first.update(info + b"\x01")
        key = first.finalize()
        second = self._keyed.copy()
        second.update(key + info + b"\x02")
        return key, second.finalize()[:NONCE_BYTES]


def derive(case_key: bytes, label: str) -> bytes:
    """Return the key for one use of `case_key`; no use reveals another's."""
    return expand(case_key, b"accord.derive.1\x00" + label.encode(), KEY_BYTES)


class Wrapping:
    """A key that several things are closed under, made ready once."""

    __slots__ = ("_cipher",)

    def __init__(self, kek: bytes) -> None:
        self._cipher = AESGCM(_whole(kek))

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Return `key` closed, to be opened in the same `context` only."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)


def wrap(kek: bytes, key: bytes, context: bytes) -> bytes:
    """Return `key` closed under `kek`, to be opened in the same `context` only."""
    return Wrapping(kek).wrap(key, context)


def unwrap(kek: bytes, wrapped: bytes, context: bytes) -> bytes:
    """Return the key in `wrapped`; refuse another key, another context, an altered byte."""
    try:
        return AESGCM(_whole(kek)).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise NotOpenable from None


def _whole(key: bytes) -> bytes:
    # HMAC pads a short key with zeros, so that no key at all would do for the key of 32 zeros.
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key
