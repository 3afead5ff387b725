"""Sealing by category: one random key a message, one derived key a category.

A body is a version byte, the closed categories and a tag over the whole.  A closed category
is its nonce, the length of its ciphertext and the ciphertext; it is found again by its nonce,
which only the message key can tell.  They stand in the order of their nonces, so that a body
shows how many categories it holds, roughly how long each is, and not which.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json

from kernel.sealing.detail import padded
from kernel.sealing.envelope import NotOpenable, Sealed
from kernel.sealing.keys import NONCE_BYTES, Expanding, derive, new_key, unwrap, wrap
from schemas.categories import DataCategory
from schemas.taxonomy import paths_of

__all__ = [
    "derive",
    "new_key",
    "open_terms",
    "seal",
    "seal_terms",
    "unseal",
    "unwrap",
    "wrap",
]

VERSION = b"\x01"
TERMS = b"\x00terms"  # no category is called so
TAG_BYTES = 16
LENGTH_BYTES = 4


def seal(
    message_ref: UUID,
    recipient: str,
    type_name: str,
    parts: Mapping[DataCategory, Mapping[str, Any] | bytes],
    message_key: bytes,
) -> bytes:
    """Return the body that carries `parts`, fields or their JSON, to `recipient`, noise to all others.

    `message_key` is fresh and seals this one body.
    """
    context = _context(message_ref, recipient, type_name)
    keys = Expanding(message_key)
    closed = [_close(context + category.encode(), part, keys) for category, part in parts.items()]
    body = VERSION + b"".join(sorted(closed))
    key, nonce = keys.key_and_nonce(context)
    return body + AESGCM(key).encrypt(nonce, b"", context + body)


def unseal(sealed: Sealed, mask: int, message_key: bytes) -> dict[DataCategory, dict[str, Any]]:
    """Return the fields of `sealed` that `mask` permits, and derive no other category's key.

    Refuse the whole body if any of it was altered or was sealed for another place.
    """
    if mask < 0:  # all ones, so it would read as everything
        raise NotOpenable
    opened: dict[DataCategory, dict[str, Any]] = {}
    try:
        context = _context(sealed.message_ref, sealed.recipient, sealed.type)
        keys = Expanding(message_key)
        closed = _closed_categories(sealed.body, context, keys)
        for category, fields in _permitted(mask):
            place = context + category.encode()
            key, nonce = keys.key_and_nonce(place)
            if nonce in closed:
                part = from_json(AESGCM(key).decrypt(nonce, closed[nonce], place))
                opened[category] = {name: value for name, value in part.items() if name in fields}
    except (InvalidTag, ValueError):
        raise NotOpenable from None
    return {category: fields for category, fields in opened.items() if fields}


def seal_terms(
    message_ref: UUID, recipient: str, type_name: str, terms: Mapping[str, Any], message_key: bytes
) -> bytes:
    """Return the body that carries the terms of a directive to `recipient`, noise to all others.

    It opens in the place of this message, recipient and type only.  `message_key` is fresh and seals this one body.
    """
    place = _context(message_ref, recipient, type_name) + TERMS
    key, nonce = Expanding(message_key).key_and_nonce(place)
    return VERSION + AESGCM(key).encrypt(nonce, padded(terms), place + VERSION)


def open_terms(sealed: Sealed, message_key: bytes) -> dict[str, Any]:
    """Return the terms in `sealed`; refuse a body that was altered or was sealed for another place."""
    place = _context(sealed.message_ref, sealed.recipient, sealed.type) + TERMS
    key, nonce = Expanding(message_key).key_and_nonce(place)
    version, closed = sealed.body[: len(VERSION)], sealed.body[len(VERSION) :]
    try:
        terms: dict[str, Any] = from_json(AESGCM(key).decrypt(nonce, closed, place + version))
    except (InvalidTag, ValueError):
        raise NotOpenable from None
    return terms


def _context(message_ref: UUID, recipient: str, type_name: str) -> bytes:
    to, kind = recipient.encode(), type_name.encode()
    return b"accord.vault.1%b%b%b%b%b" % (message_ref.bytes, len(to).to_bytes(4), to, len(kind).to_bytes(4), kind)


def _close(place: bytes, part: Mapping[str, Any] | bytes, keys: Expanding) -> bytes:
    # A nonce may be derived because its key is: both belong to one message, recipient, type and category.
    key, nonce = keys.key_and_nonce(place)
    ciphertext = AESGCM(key).encrypt(nonce, padded(part), place)
    return nonce + len(ciphertext).to_bytes(LENGTH_BYTES) + ciphertext


def _closed_categories(body: bytes, context: bytes, keys: Expanding) -> dict[bytes, bytes]:
    """Return ciphertexts by nonce, once the tag over the whole body holds."""
    end = len(body) - TAG_BYTES
    key, nonce = keys.key_and_nonce(context)
    AESGCM(key).decrypt(nonce, body[end:], context + body[:end])
    closed, start = {}, len(VERSION)
    while start < end:
        head = start + NONCE_BYTES
        text = head + LENGTH_BYTES
        stop = text + int.from_bytes(body[head:text])
        closed[body[start:head]] = body[text:stop]
        start = stop
    return closed


@lru_cache(maxsize=4096)
def _permitted(mask: int) -> tuple[tuple[DataCategory, frozenset[str]], ...]:
    fields: dict[DataCategory, set[str]] = {}
    for path in paths_of(mask):
        category, _, name = path.partition(".")
        fields.setdefault(DataCategory(category), set()).add(name)
    return tuple((category, frozenset(names)) for category, names in fields.items())
