"""A second verifier: RFC 6962 written down from the text, by ranges of leaves, sharing no line with the kernel's."""

from collections.abc import Sequence
from hashlib import sha256


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
        known = old_root if whole else path[0]
        assert len(path) == (0 if whole else 1), "a path that is too long"
        return known, known
    *below, last = path
    k = half(new)
    if old <= k:
        was, now = roots_by_consistency(old, k, below, old_root, whole)
        return was, inner(now, last)
    was, now = roots_by_consistency(old - k, new - k, below, old_root, whole=False)
    return inner(last, was), inner(last, now)
