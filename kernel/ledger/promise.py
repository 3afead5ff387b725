"""Promises of inclusion: what a process signs for whoever opened, so that a leaf that is lost afterwards is missed.

A leaf waits for a second before it is in the tree, and whoever owns the database can take it away in between.  So the
answer of an opening carries a note (c2sp.org/signed-note) by a key that is not the log's: these leaf hashes will be in
the tree at this instant.  It names nobody.  The reader keeps it; a verifier holds it against the log.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.ledger import note
from kernel.ledger.entry import instant
from kernel.ledger.merkle import HASH_BYTES
from kernel.ledger.verify import Entry, Finding, Violation

WITHIN = timedelta(seconds=10)  # from the opening to the tree; a sequencer takes one


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised: these leaf hashes are in the tree from `by` on."""

    by: datetime
    leaves: tuple[bytes, ...]


def promise(leaves: Sequence[bytes], at: datetime, skey: str) -> str:
    """Return the note in which the key promises that `leaves`, written at `at`, will be in the tree in time."""
    name = note.name_of(skey)
    return note.sign("\n".join((name, instant(at + WITHIN), *map(hash_text, leaves), "")), skey)


def read_promise(text: str, *vkeys: str) -> Promise:
    """Return what one of these keys promised; raises `note.NotSigned`, and `note.Malformed` where it is no promise."""
    signed = note.verify(text, *vkeys)
    name, by, *leaves = signed.text.removesuffix("\n").split("\n")
    if name not in signed.by or not leaves:
        raise note.Malformed("a promise names its key, an instant and leaves")
    try:
        at = datetime.fromisoformat(by)
        hashes = tuple(b64decode(leaf, validate=True) for leaf in leaves)
    except ValueError:
        raise note.Malformed("a promise names its key, an instant and leaves") from None
    if at.tzinfo is None or any(len(leaf) != HASH_BYTES for leaf in hashes):
        raise note.Malformed("a promise names its key, an instant and leaves")
    return Promise(at, hashes)


def hash_text(leaf: bytes) -> str:
    """Return a leaf hash as promises and accountings write it."""
    return b64encode(leaf).decode()


class PromiseChecker:
    """Checks promises that agencies kept against the entries of a log as they pass by."""

    def __init__(self, notes: Iterable[str], vkeys: Sequence[str]) -> None:
        self.findings: list[Finding] = []
        self.count = 0
        self._open: dict[bytes, tuple[int, datetime]] = {}
        for text in notes:
            try:
                promised = read_promise(text, *vkeys)
            except (note.Malformed, note.NotSigned):
                self.findings.append(Finding(Violation.PROMISE_NOT_SIGNED, self.count))
            else:
                self._open |= {leaf: (self.count, promised.by) for leaf in promised.leaves}
            self.count += 1

    def watching(self, entries: Iterable[Entry]) -> Iterable[Entry]:
        """Yield the entries, taking note of what was promised and is there."""
        for entry in entries:
            self._open.pop(entry[2], None)
            yield entry

    def broken(self, at: datetime) -> list[Finding]:
        """Return what is wrong with the promises, once all entries have passed by; the log ends at the instant `at`."""
        missing = sorted({number for number, by in self._open.values() if by <= at})
        return [*self.findings, *(Finding(Violation.BROKEN_PROMISE, number) for number in missing)]
