"""A second verifier: RFC 6962 written down from the text, by ranges of leaves, sharing no line with the kernel's."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

OVERLAP: Final = timedelta(seconds=60)  # transactions overlap, so entries may stand a little out of their order in time


def leaf(body: bytes) -> bytes:
    return sha256(b"\x00" + body).digest()


def inner(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def half(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def root(bodies: Sequence[bytes]) -> bytes:
    """MTH, section 2.1."""
    if not bodies:
        return sha256(b"").digest()
    if len(bodies) == 1:
        return leaf(bodies[0])
    k = half(len(bodies))
    return inner(root(bodies[:k]), root(bodies[k:]))


def root_by_inclusion(body: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a path leads to from a leaf: PATH of section 2.1.1, read backwards."""
    if size == 1:
        assert not path, "a path that is too long"
        return leaf(body)
    *below, last = path
    k = half(size)
    if index < k:
        return inner(root_by_inclusion(body, index, k, below), last)
    return inner(last, root_by_inclusion(body, index - k, size - k, below))


def roots_by_consistency(
    old: int, new: int, path: Sequence[bytes], old_root: bytes, whole: bool = True
) -> tuple[bytes, bytes]:
    """Return the roots of both trees that a proof leads to: SUBPROOF of section 2.1.2, read backwards."""
    if old == new:
        shared_root = old_root if whole else path[0]
        assert len(path) == (0 if whole else 1), "a path that is too long"
        return shared_root, shared_root
    *below, last = path
    k = half(new)
    if old <= k:
        was, now = roots_by_consistency(old, k, below, old_root, whole)
        return was, inner(now, last)
    was, now = roots_by_consistency(old - k, new - k, below, old_root, whole=False)
    return inner(last, was), inner(last, now)


# --- a whole ledger, from its rows and its public key ------------------------------------------------------------


# index, header, hash, salt, detail, subject
Filed = tuple[int, bytes, bytes, bytes | None, bytes | None, UUID | None]


@dataclass(frozen=True)
class Rows:
    """A ledger as it lies in the database: what a witness may be shown, and what only custodians can open."""

    leaves: Sequence[Filed]
    nodes: Sequence[tuple[int, int, bytes]]  # level, index, hash
    notes: Sequence[tuple[int, bytes, str]]  # size, root, signed note


def signed_head(text: str, vkey: str) -> tuple[int, bytes] | None:
    """Return size and root of a checkpoint that the key signed, or None (c2sp.org/signed-note, tlog-checkpoint)."""
    name, key_id, material = vkey.split("+", 2)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(material)[1:])
    body, _, signatures = text.rpartition("\n\n")
    for line in signatures.split("\n"):
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        try:
            signature = _bytes(encoded)
            if (dash, signer, signature[:4].hex()) != ("—", name, key_id):
                continue
            public.verify(signature[4:], f"{body}\n".encode())
            origin, size, root_text, *_ = body.split("\n")
            return (int(size), _bytes(root_text)) if origin == name else None
        except (InvalidSignature, ValueError):
            continue
    return None


def _bytes(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("a second spelling")
    return raw


def wrong(rows: Rows, vkey: str, witnessed: Sequence[str] = (), keys: Mapping[str, bytes] | None = None) -> list[str]:
    """Return a ledger's problems; `witnessed` are checkpoints that witnesses hold, `keys` the cases' by subject."""
    bodies = [row[1] for row in rows.leaves]
    problems = [f"leaf {place}" for place, row in enumerate(rows.leaves) if row[0] != place or leaf(row[1]) != row[2]]
    problems += [
        f"node {level}.{index}"
        for level, index, stored_hash in rows.nodes
        if _node(bodies, level, index) != stored_hash
    ]
    missing = len(_complete(len(bodies))) - len(rows.nodes)
    problems += [f"{missing} nodes"] if missing else []
    for size, stored_root, text in rows.notes:
        if signed_head(text, vkey) != (size, stored_root):
            problems.append(f"checkpoint {size}")
    for text in [*witnessed, *(text for _, _, text in rows.notes)]:
        head = signed_head(text, vkey)
        if head is None or head[0] > len(bodies) or root(bodies[: head[0]]) != head[1]:
            problems.append("a checkpoint that this is not the log of")
    if rows.notes and max(size for size, _, _ in rows.notes) != len(bodies):
        problems.append("entries that no checkpoint covers")
    return problems + _times(bodies) + _details(rows, keys or {})


def _complete(size: int) -> list[tuple[int, int]]:
    """Return the places of all complete subtrees above the leaves."""
    levels = range(1, size.bit_length())
    return [(level, index) for level in levels for index in range(size >> level)]


def _node(bodies: Sequence[bytes], level: int, index: int) -> bytes | None:
    start, stop = index << level, (index + 1) << level
    return root(bodies[start:stop]) if level > 0 and index >= 0 and stop <= len(bodies) else None


def _times(bodies: Sequence[bytes]) -> list[str]:
    """Return the entries that are more than a minute older than one before them, or that are none."""
    problems, newest = [], datetime.min.replace(tzinfo=UTC) + OVERLAP
    for place, body in enumerate(bodies):
        try:
            at = datetime.fromisoformat(json.loads(body)["at"])
        except (ValueError, KeyError, TypeError):
            problems.append(f"entry {place} cannot be read")
            continue
        if at < newest - OVERLAP:
            problems.append(f"entry {place} is older than what stands before it")
        newest = max(newest, at)
    return problems


def _details(rows: Rows, keys: Mapping[str, bytes]) -> list[str]:
    """Return the entries whose sealed detail is not what their header commits to."""
    problems = []
    for index, header, _, salt, sealed, subject in rows.leaves:
        try:
            entry = json.loads(header)
            if subject is not None and str(subject) != entry["subject"]:
                problems.append(f"entry {index} is filed under somebody else")
            key = keys.get(entry["subject"])
            if key is None or (salt is None and sealed is None):  # shredded: that breaks nothing
                continue
            if subject is None:
                problems.append(f"entry {index} is filed under nobody")
            detail_key = HKDFExpand(SHA256(), 32, b"accord.derive.1\x00ledger.detail").derive(key)
            plain = AESGCM(detail_key).decrypt((sealed or b"")[:12], (sealed or b"")[12:], b"ledger.detail")
            canonical = json.dumps(json.loads(plain), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if sha256((salt or b"") + canonical.encode()).hexdigest() != entry["commitment"]:
                problems.append(f"detail {index}")
        except (InvalidTag, ValueError, KeyError, TypeError):
            problems.append(f"detail {index}")
    return problems
