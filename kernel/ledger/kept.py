"""What a database keeps beside the entries, held against them: the nodes of the tree, the heads, the filing.

None of it is signed, and all of it follows from what is: a node that was changed makes proofs that fail, and an entry
filed under another subject is missing where the survivor looks for it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kernel.ledger.entry import Unreadable, read
from kernel.ledger.note import Malformed, NotSigned, verify_checkpoint
from kernel.ledger.tree import Grown, push
from kernel.ledger.verify import Fault, Finding


class Filed(NamedTuple):
    """An entry, and about whom it is found."""

    place: int
    header: bytes
    subject: str | None  # as the entry writes it
    shredded: bool


def misfiled(filed: Iterable[Filed]) -> Iterator[Finding]:
    """Yield each entry that is found under another subject than its own."""
    for one in filed:
        if not _own_subject(one):
            yield Finding(Fault.MISFILED, one.place)


def _own_subject(one: Filed) -> bool:
    if one.shredded and one.subject is None:
        return True
    # The entry's text was found canonical: within a value a quotation mark is escaped, so this is its one subject.
    if one.subject is not None and b'"subject":"%b"' % one.subject.encode() in one.header:
        return True
    try:
        said = read(one.header).subject
    except Unreadable:
        return True  # that is another finding
    return said == one.subject


def wrong_nodes(leaves: Iterable[tuple[int, bytes]], nodes: Iterable[Grown]) -> Iterator[Finding]:
    """Yield each node that its leaves do not make, or that is missing; `nodes` come in the order they came about.

    Past a gap among the leaves (index, hash) nothing can be told: that entries are missing is another finding.
    """
    stored = iter(nodes)
    held = next(stored, None)
    peaks: list[bytes] = []
    for position, (index, leaf) in enumerate(leaves):
        if index != position:
            return
        for made in push(peaks, position, leaf)[1:]:
            while held is not None and _place(held) < _place(made):
                yield _finding(held)
                held = next(stored, None)
            if held != made:
                yield _finding(made)
            if held is not None and _place(held) == _place(made):
                held = next(stored, None)
    while held is not None:
        yield _finding(held)
        held = next(stored, None)


def wrong_heads(heads: Iterable[tuple[int, bytes, str]], vkey: str) -> Iterator[Finding]:
    """Yield each head whose row (size, root) says otherwise than the note beside it, which is what was signed."""
    for size, root, note in heads:
        try:
            signed = verify_checkpoint(note, vkey)
        except (Malformed, NotSigned):
            continue  # that is another finding
        if (signed.size, signed.root) != (size, root):
            yield Finding(Fault.WRONG_HEAD, size)


def _place(node: Grown) -> tuple[int, int]:
    level, index, _ = node
    return index + 1 << level, level


def _finding(node: Grown) -> Finding:
    level, index, _ = node
    return Finding(Fault.WRONG_NODE, index << level, index + 1 << level)
