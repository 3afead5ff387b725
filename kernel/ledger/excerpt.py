"""A few lines of a ledger, each with the proof that it is there: what one agency may hand to whoever doubts it.

It proves what each line says and that it was on record.  That no line was left out, only the whole ledger proves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kernel.ledger.entry import UnreadableEntry, read
from kernel.ledger.merkle import leaf_hash, verify_inclusion
from kernel.ledger.note import Checkpoint, Malformed, NotSigned, verify_checkpoint
from kernel.ledger.verify import Finding, Violation


@dataclass(frozen=True, slots=True)
class ExcerptEntry:
    """A line, its place in the tree, the hash that it is said to have, and the path from it to the root."""

    index: int
    body: bytes
    leaf: bytes
    path: tuple[bytes, ...]


def verify_excerpt(entries: Iterable[ExcerptEntry], note: str, vkey: str) -> list[Finding]:
    """Return everything that is wrong with the lines, held against the one signed checkpoint in `note`."""
    try:
        checkpoint = verify_checkpoint(note, vkey)
    except (Malformed, NotSigned):
        return [Finding(Violation.NOT_SIGNED, 0)]
    return [finding for entry in entries for finding in _findings(entry, checkpoint)]


def _findings(entry: ExcerptEntry, checkpoint: Checkpoint) -> list[Finding]:
    if leaf_hash(entry.body) != entry.leaf:
        return [Finding(Violation.EDITED, entry.index)]
    if not verify_inclusion(entry.leaf, entry.index, checkpoint.size, entry.path, checkpoint.root):
        return [Finding(Violation.NOT_INCLUDED, entry.index)]
    try:
        read(entry.body)
    except UnreadableEntry:
        return [Finding(Violation.UNREADABLE, entry.index)]
    return []
