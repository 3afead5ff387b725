"""Reading a whole ledger as one who trusts nothing but the log's public key.

The tree is rebuilt from the leaf hashes, each body is held against its hash, each signed
checkpoint against the tree, and the entries against one another.  Every entry is read once
and none is kept, so a ledger of any length can be streamed through.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from kernel.ledger.entry import Act, Header, UnreadableEntry, Verdict, is_padding, read
from kernel.ledger.merkle import leaf_hash, push, root_of
from kernel.ledger.note import Malformed, NotSigned, verify_checkpoint
from schemas.codes.consent import Basis

Entry = tuple[int, bytes, bytes]  # index, body, leaf hash

# Leaves are dated inside the transaction they commit with, and transactions overlap.
SLACK = timedelta(seconds=60)
NARROWED = "narrowed"  # the first directive stands in place of the others from then on
ENDED = "ended"  # what the release was to end with has come
_LOOKS = (Act.OFFERED, Act.OPENED, Act.CONSULTED)


class Violation(StrEnum):
    """What was done to a ledger, or left undone in it."""

    EDITED = "edited"
    MISSING = "missing"
    REORDERED = "reordered"
    UNREADABLE = "unreadable"
    BACKDATED = "backdated"
    REWRITTEN = "rewritten"
    TRUNCATED = "truncated"
    FORKED = "forked"
    NOT_SIGNED = "not_signed"
    NO_CHECKPOINT = "no_checkpoint"
    UNFOUNDED = "unfounded"
    NEVER_OFFERED = "never_offered"
    NEVER_GRANTED = "never_granted"
    AFTER_REVOCATION = "after_revocation"
    BEYOND_RELEASE = "beyond_release"
    NOT_OWN_RECORD = "not_own_record"
    NOT_PADDING = "not_padding"
    BROKEN_PROMISE = "broken_promise"
    PROMISE_NOT_SIGNED = "promise_not_signed"
    ERASED = "erased"
    ALTERED_SEAL = "altered_seal"
    NOT_INCLUDED = "not_included"
    MISFILED = "misfiled"
    WRONG_NODE = "wrong_node"
    WRONG_HEAD = "wrong_head"


_SAYS = {
    Violation.EDITED: "entry {index} was edited: its text is not what its hash was taken of",
    Violation.MISSING: "the entries from {index} up to {until} are missing",
    Violation.REORDERED: "entry {index} stands out of order, or twice",
    Violation.UNREADABLE: "entry {index} is not a line as this ledger writes them",
    Violation.BACKDATED: "entry {index} bears an earlier time than entries before it",
    Violation.REWRITTEN: "entries between {index} and {until} differ from those under the checkpoint at {until}",
    Violation.TRUNCATED: "the log ends at {index}, but a checkpoint at {until} was signed",
    Violation.FORKED: "two histories were signed: the checkpoints at {index} and {until} contradict one another",
    Violation.NOT_SIGNED: "checkpoint number {index} was not signed by this log",
    Violation.NO_CHECKPOINT: "no signed checkpoint vouches for the entries from {index} up to {until}",
    Violation.UNFOUNDED: "entry {index} lets something be seen on nobody's word",
    Violation.NEVER_OFFERED: "entry {index} opens what no earlier entry offers",
    Violation.NEVER_GRANTED: "entry {index} relies on a release that no earlier entry puts in force for this survivor",
    Violation.AFTER_REVOCATION: "entry {index} relies on a release that an earlier entry ended",
    Violation.BEYOND_RELEASE: "entry {index} relies on a release of another custodian, for another purpose or of less",
    Violation.NOT_OWN_RECORD: "entry {index} calls a record the agency's own that is another's",
    Violation.NOT_PADDING: "entry {index} passes for padding and says more than padding does",
    Violation.BROKEN_PROMISE: "promise number {index} names an entry that is not in the log, and its time is over",
    Violation.PROMISE_NOT_SIGNED: "promise number {index} was not signed by a key that promises for this log",
    Violation.ERASED: "what was sealed beside entry {index} is erased, and no later entry says that it was shredded",
    Violation.ALTERED_SEAL: "what is sealed beside entry {index} is not what it was written with",
    Violation.NOT_INCLUDED: "entry {index} is not in the log that the checkpoint was signed over",
    Violation.MISFILED: "entry {index} is filed under another subject than its own",
    Violation.WRONG_NODE: "the hash kept for the entries from {index} up to {until} is not what they make",
    Violation.WRONG_HEAD: "the row of the checkpoint at {index} says otherwise than what was signed",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and where it lies: at `index`, or from there up to `until`."""

    fault: Violation
    index: int
    until: int | None = None

    def __str__(self) -> str:
        return _SAYS[self.fault].format(index=self.index, until=self.until)


def verify_log(
    entries: Iterable[Entry],
    checkpoints: Iterable[str],
    vkey: str,
    *,
    start: int = 0,
    peaks: Sequence[bytes] = (),
    slack: timedelta = SLACK,
) -> list[Finding]:
    """Return everything that is wrong with the log, in the order in which it shows.

    `entries` come by index from `start`; for a range, `peaks` are the frontier hashes at
    `start`, which a checkpoint of that size confirms.  `checkpoints` are signed notes, in
    any order and from anywhere: the log's own, and those that witnesses kept.
    """
    signed, findings = _signed(checkpoints, vkey)
    history = _TreeChecker(start, peaks, signed, findings)
    story = _EntryChecker(slack, whole=start == 0, findings=findings)
    history.compare()
    for index, body, leaf in entries:
        history.add(index, leaf)
        if leaf_hash(body) == leaf:
            story.read(index, body)
        else:
            findings.append(Finding(Violation.EDITED, index))
    if not signed and history.size > start:
        findings.append(Finding(Violation.NO_CHECKPOINT, start, history.size))
    history.end()
    return findings


def _signed(checkpoints: Iterable[str], vkey: str) -> tuple[dict[int, set[bytes]], list[Finding]]:
    """Return the roots that the log did sign, by size, and what is wrong among the checkpoints themselves."""
    roots: dict[int, set[bytes]] = {}
    findings: list[Finding] = []
    for number, note in enumerate(checkpoints):
        try:
            checkpoint = verify_checkpoint(note, vkey)
        except (Malformed, NotSigned):
            findings.append(Finding(Violation.NOT_SIGNED, number))
        else:
            roots.setdefault(checkpoint.size, set()).add(checkpoint.root)
    forks = [Finding(Violation.FORKED, size, size) for size in sorted(roots) if len(roots[size]) > 1]
    return roots, findings + forks


class _TreeChecker:
    """Checks the tree of the entries against the signed checkpoints; adds each fault to `findings`."""

    def __init__(
        self, start: int, peaks: Sequence[bytes], signed: Mapping[int, set[bytes]], findings: list[Finding]
    ) -> None:
        self.size = start
        self.peaks = list(peaks)
        self.signed = signed
        self.findings = findings
        self.unbroken = True
        self.agreed = 0
        self.contradicted: int | None = None

    def add(self, index: int, leaf: bytes) -> None:
        if index < self.size:
            self.unbroken = False
            self.findings.append(Finding(Violation.REORDERED, index))
            return
        if index > self.size:
            self.unbroken = False
            self.findings.append(Finding(Violation.MISSING, self.size, index))
        if self.unbroken:
            push(self.peaks, index, leaf)
        self.size = index + 1
        self.compare()

    def compare(self) -> None:
        """Hold what was signed at this size against the tree; past a gap there is no tree to hold it against."""
        if not self.unbroken or self.size not in self.signed:
            return
        if root_of(self.peaks) not in self.signed[self.size]:
            self.contradicted = self.size
            self.findings.append(Finding(Violation.REWRITTEN, self.agreed, self.size))
            return
        if self.contradicted is not None:
            self.findings.append(Finding(Violation.FORKED, self.contradicted, self.size))
            self.contradicted = None
        self.agreed = self.size

    def end(self) -> None:
        largest = max(self.signed, default=0)
        if largest > self.size:
            self.findings.append(Finding(Violation.TRUNCATED, self.size, largest))


class _EntryChecker:
    """Checks what the entries say against earlier ones; adds each fault to `findings`."""

    def __init__(self, slack: timedelta, *, whole: bool, findings: list[Finding]) -> None:
        self.slack = slack
        self.whole = whole
        self.findings = findings
        self.newest = datetime.min.replace(tzinfo=UTC) + slack
        self.offered: dict[tuple[str | None, ...], frozenset[str]] = {}
        self.releases = _Releases()

    def read(self, index: int, body: bytes) -> None:
        try:
            header = read(body)
        except UnreadableEntry:
            self.findings.append(Finding(Violation.UNREADABLE, index))
            return
        if header.at < self.newest - self.slack:
            self.findings.append(Finding(Violation.BACKDATED, index))
        self.newest = max(self.newest, header.at)
        if header.act is Act.PADDING and not is_padding(header):
            self.findings.append(Finding(Violation.NOT_PADDING, index))
        if header.verdict is not Verdict.PERMIT:
            return
        if header.act in _LOOKS and header.categories:
            self._look(index, header)
        else:
            self.releases.follow(header)

    def _look(self, index: int, header: Header) -> None:
        self._founded(index, header)
        place = (header.agency, header.subject, header.custodian, header.type)
        offered = self.offered.get(place, frozenset())
        fresh = not offered.issuperset(header.categories)
        if header.act is Act.OFFERED and fresh:
            self.offered[place] = offered.union(header.categories)
        elif header.act is Act.OPENED and self.whole and fresh:
            self.findings.append(Finding(Violation.NEVER_OFFERED, index))

    def _founded(self, index: int, header: Header) -> None:
        """Hold what lets something be seen against the releases in force: whose word it was, and whether it stood."""
        if header.basis == Basis.OWN_RECORD:
            if header.agency != header.custodian:
                self.findings.append(Finding(Violation.NOT_OWN_RECORD, index))
            return
        if header.basis is None or not header.directives:
            self.findings.append(Finding(Violation.UNFOUNDED, index))
        for ref in header.directives:
            if ref in self.releases.ended:
                self.findings.append(Finding(Violation.AFTER_REVOCATION, index))
            # What was granted before a range began is not in it.
            elif self.whole and not self._granted(ref, header):
                self.findings.append(Finding(Violation.NEVER_GRANTED, index))
        if self._reaches_beyond(header):
            self.findings.append(Finding(Violation.BEYOND_RELEASE, index))

    def _granted(self, ref: str, header: Header) -> bool:
        granted = self.releases.in_force.get(ref)
        return granted is not None and granted.subject == header.subject

    def _reaches_beyond(self, header: Header) -> bool:
        granted = [self.releases.in_force[ref] for ref in header.directives if ref in self.releases.in_force]
        if not granted or len(granted) < len(header.directives):  # which is told already, or lies before the range
            return False
        named = {category for release in granted for category in release.categories}
        return not named.issuperset(header.categories) or any(
            release.custodian != header.custodian or (header.purpose is not None and release.purpose != header.purpose)
            for release in granted
        )


class _Releases:
    """Which releases are in force, and of whom, as the entries tell it one after another."""

    def __init__(self) -> None:
        self.in_force: dict[str, Header] = {}
        self.ended: set[str] = set()

    def follow(self, header: Header) -> None:
        """Take note of an entry that puts a release in force, replaces one or ends some."""
        if header.act is Act.GRANTED or (header.act is Act.CHANGED and header.reason == NARROWED):
            for granted in header.directives[:1]:
                self.in_force[granted] = header
            self._end(header.directives[1:])
        elif header.act is Act.REVOKED or (header.act is Act.CHANGED and header.reason == ENDED):
            self._end(header.directives)

    def _end(self, refs: Iterable[str]) -> None:
        for ref in refs:
            self.in_force.pop(ref, None)
            self.ended.add(ref)
