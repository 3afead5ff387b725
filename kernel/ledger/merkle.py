"""The Merkle tree of RFC 6962 over complete subtrees, and its proofs.

A store keeps one hash for every complete subtree: `node(level, index)` covers the leaves
from `index << level` up to, but not with, `(index + 1) << level`.  Such a node never changes
once it is there, so a tree grows by adding rows and every root and every proof ever given
can be made again.  The functions called `nodes_for_...` name what a store has to fetch;
their counterparts take a function that looks a node up among what was fetched.
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node = tuple[int, int]  # level, index
Grown = tuple[int, int, bytes]  # level, index, hash
Lookup = Callable[[int, int], bytes]


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a leaf; no inner node can be passed off as one."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def frontier(size: int) -> list[Node]:
    """Return the largest complete subtrees that make up a tree, from the left."""
    return _span(0, size)


def push(peaks: list[bytes], size: int, leaf: bytes) -> list[Grown]:
    """Add one leaf to the frontier hashes `peaks` of a tree of `size`, in place.

    Return the complete subtrees that this leaf brought about, the leaf first.
    """
    grown: list[Grown] = [(0, size, leaf)]
    level, index, node = 0, size, leaf
    while index & 1:
        node = node_hash(peaks.pop(), node)
        level, index = level + 1, index >> 1
        grown.append((level, index, node))
    peaks.append(node)
    return grown


def root_of(peaks: Sequence[bytes]) -> bytes:
    """Return the root of the tree whose frontier hashes are `peaks`."""
    if not peaks:
        return EMPTY_ROOT
    folded = peaks[-1]
    for peak in reversed(peaks[:-1]):
        folded = node_hash(peak, folded)
    return folded


def root(size: int, node: Lookup) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return _hash_of(frontier(size), node)


def nodes_for_inclusion(index: int, size: int) -> list[Node]:
    """Return the nodes that `inclusion_proof` will look up."""
    return [node for span in _inclusion_spans(index, size) for node in span]


def inclusion_proof(index: int, size: int, node: Lookup) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size`, leaf's sibling first."""
    return [_hash_of(span, node) for span in _inclusion_spans(index, size)]


def nodes_for_consistency(old: int, new: int) -> list[Node]:
    """Return the nodes that `consistency_proof` will look up."""
    return [node for span in _consistency_spans(old, new) for node in span]


def consistency_proof(old: int, new: int, node: Lookup) -> list[bytes]:
    """Return the proof that the tree of `new` only adds to the tree of `old`."""
    return [_hash_of(span, node) for span in _consistency_spans(old, new)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `proof` puts the leaf hash `leaf` at `index` under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, folded = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if position & 1 or position == last:
            folded = node_hash(sibling, folded)
            position, last = _skip_missing_right_siblings(position, last)
        else:
            folded = node_hash(folded, sibling)
        position, last = position >> 1, last >> 1
    return not last and folded == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether `proof` shows that `new` only adds to `old` (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < new:
        return False
    return _folds_to_both(old, new, old_root, new_root, proof)


def _folds_to_both(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    # An old tree that is one complete subtree is its own first step; the proof leaves it out.
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    if not steps:
        return False
    was = now = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if position & 1 or position == last:
            was, now = node_hash(step, was), node_hash(step, now)
            position, last = _skip_missing_right_siblings(position, last)
        else:
            now = node_hash(now, step)
        position, last = position >> 1, last >> 1
    return not last and was == old_root and now == new_root


def _skip_missing_right_siblings(position: int, last: int) -> tuple[int, int]:
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _inclusion_spans(index: int, size: int) -> list[list[Node]]:
    if not 0 <= index < size:
        raise IndexError("no such leaf in a tree of this size")
    start, end = 0, size
    spans: list[list[Node]] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append(_span(middle, end))
            end = middle
        else:
            spans.append(_span(start, middle))
            start = middle
    return spans[::-1]


def _consistency_spans(old: int, new: int) -> list[list[Node]]:
    if not 0 <= old <= new:
        raise IndexError("a tree is consistent with its own past only")
    start, end = 0, new
    spans: list[list[Node]] = []
    while 0 < old < end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append(_span(middle, end))
            end = middle
        else:
            spans.append(_span(start, middle))
            start = middle
    if start:
        spans.append(_span(start, end))
    return spans[::-1]


def _split(leaves: int) -> int:
    """Return the largest power of two below `leaves`."""
    return 1 << (leaves - 1).bit_length() - 1


def _span(start: int, end: int) -> list[Node]:
    """Return the complete subtrees of [start, end); `start` is a subtree's first leaf."""
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _hash_of(span: Sequence[Node], node: Lookup) -> bytes:
    return root_of([node(level, index) for level, index in span])
