"""What a database keeps beside the entries, held against them: the nodes of the tree, the heads, the filing.

None of it is signed, and all of it follows from what is: a node that was changed makes proofs that fail, an entry filed
under another subject is missing where the survivor looks for it, and a salt or a sealed detail that was changed proves
nothing any more.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kernel.ledger.entry import Act, UnreadableEntry, read, seal_hash
from kernel.ledger.merkle import Grown, push
from kernel.ledger.note import Malformed, NotSigned, verify_checkpoint
from kernel.ledger.verify import Finding, Violation


class IndexedEntry(NamedTuple):
    """An entry, about whom it is found, and what is kept sealed beside it."""

    place: int
    header: bytes
    subject: str | None  # as the entry writes it
    salt: bytes | None
    detail: bytes | None

    @property
    def erased(self) -> bool:
        """Tell whether nothing is kept sealed beside the entry."""
        return self.salt is None and self.detail is None


def shredded_of(entries: Iterable[tuple[int, bytes]]) -> dict[str, int]:
    """Return by subject the index of the last entry that records the shredding of its sealed details."""
    last: dict[str, int] = {}
    for index, body in entries:
        try:
            entry = read(body)
        except UnreadableEntry:
            continue  # that is another finding
        if entry.act is Act.SHREDDED and entry.subject is not None:
            last[entry.subject] = index
    return last


def altered(filed: Iterable[IndexedEntry], shredded: Mapping[str, int]) -> Iterator[Finding]:
    """Yield each entry whose stored subject, salt or sealed detail differs from what was written.

    What was sealed may be erased where a later entry says so: `shredded` tells the last one, by subject.
    """
    for entry in filed:
        if not _own_subject(entry):
            yield Finding(Violation.MISFILED, entry.place)
        if entry.erased:
            if shredded.get(_subject_of(entry.header) or "", -1) < entry.place:
                yield Finding(Violation.ERASED, entry.place)
        elif not _own_seal(entry):
            yield Finding(Violation.ALTERED_SEAL, entry.place)


# The entry's text was found canonical: within a value a quotation mark is escaped, so each is there once.
_SEALED = re.compile(rb',"sealed":"([0-9a-f]{64})",')
_SUBJECT = re.compile(rb',"subject":"([^"\\\\]*)","sv":')


def _own_subject(entry: IndexedEntry) -> bool:
    if entry.erased and entry.subject is None:
        return True
    if entry.subject is not None and b'"subject":"%b"' % entry.subject.encode() in entry.header:
        return True
    try:
        subject = read(entry.header).subject
    except UnreadableEntry:
        return True  # that is another finding
    return subject == entry.subject


def _own_seal(entry: IndexedEntry) -> bool:
    match = _SEALED.search(entry.header)
    if match is None:
        return True  # written before there was one: who holds the case's key can tell
    return entry.salt is not None and seal_hash(entry.salt, entry.detail).hex().encode() == match[1]


def _subject_of(header: bytes) -> str | None:
    match = _SUBJECT.search(header)
    return None if match is None else match[1].decode()


def wrong_nodes(leaves: Iterable[tuple[int, bytes]], nodes: Iterable[Grown]) -> Iterator[Finding]:
    """Yield each node that its leaves do not make, or that is missing; `nodes` come in the order they came about.

    Past a gap among the leaves (index, hash) nothing can be told: that entries are missing is another finding.
    """
    stored = iter(nodes)
    node = next(stored, None)
    peaks: list[bytes] = []
    for position, (index, leaf) in enumerate(leaves):
        if index != position:
            return
        for expected in push(peaks, position, leaf)[1:]:
            while node is not None and _place(node) < _place(expected):
                yield _finding(node)
                node = next(stored, None)
            if node != expected:
                yield _finding(expected)
            if node is not None and _place(node) == _place(expected):
                node = next(stored, None)
    while node is not None:
        yield _finding(node)
        node = next(stored, None)


def wrong_heads(heads: Iterable[tuple[int, bytes, str]], vkey: str) -> Iterator[Finding]:
    """Yield each head whose row (size, root) says otherwise than the note beside it, which is what was signed."""
    for size, root, note in heads:
        try:
            signed = verify_checkpoint(note, vkey)
        except (Malformed, NotSigned):
            continue  # that is another finding
        if (signed.size, signed.root) != (size, root):
            yield Finding(Violation.WRONG_HEAD, size)


def _place(node: Grown) -> tuple[int, int]:
    level, index, _ = node
    return index + 1 << level, level


def _finding(node: Grown) -> Finding:
    level, index, _ = node
    return Finding(Violation.WRONG_NODE, index << level, index + 1 << level)
