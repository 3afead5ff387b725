"""The record, judged: RFC 6962 by its text, signatures, and each leaf held against the message or opening it tells of.

A leaf hides its detail behind `SHA-256(salt || canonical JSON)`.  Whoever reads the table has the salt, so what a
client asked can be matched with the one leaf that commits to it.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from math import inf
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.faults.external_state import Outside, Row
from tests.faults.journal import Command
from tests.support import proofs

SLACK = 0.005  # seconds that two readings of one clock may differ
ACTS = ("opened", "refused")
Violation = tuple[str, str]  # an invariant, and what does not hold
Look = tuple[Row, dict[str, Any], float]  # a leaf, its header, its instant


def heads(bodies: Sequence[bytes], sizes: set[int]) -> dict[int, bytes]:
    """Return the root of the first n bodies for each n in `sizes`; section 2.1, from left to right."""
    peaks: list[tuple[int, bytes]] = []
    roots = {0: sha256(b"").digest()}
    for count, body in enumerate(bodies, 1):
        peaks.append((1, proofs.leaf(body)))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (size, right), (_, left) = peaks.pop(), peaks.pop()
            peaks.append((2 * size, proofs.inner(left, right)))
        if count in sizes:
            root = peaks[-1][1]
            for _, left in reversed(peaks[:-1]):
                root = proofs.inner(left, root)
            roots[count] = root
    return roots


def read_note(note: str, vkey: str) -> tuple[int, bytes]:
    """Return size and root of a signed checkpoint; raises `ValueError` for one that is not signed by this key."""
    text, _, signatures = note.partition("\n\n")
    name, key_id, key = vkey.split("+", 2)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
    for line in signatures.splitlines():
        _, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if (signer, raw[:4].hex()) != (name, key_id):
            continue
        try:
            public.verify(raw[4:], f"{text}\n".encode())
        except InvalidSignature:
            continue
        _, size, root = text.split("\n")[:3]
        return int(size), base64.b64decode(root)
    raise ValueError("no signature of this log")


def tree(commands: Sequence[Command], outside: Outside) -> Iterator[str]:
    """Yield what is wrong with the tree: its leaves, its signed heads, and each head that anybody was ever shown."""
    leaves = outside["leaves"]
    bodies = [bytes(row["header"]) for row in leaves]
    if [row["index"] for row in leaves] != list(range(len(leaves))):
        yield "the leaves are not numbered one by one"
    for row, body in zip(leaves, bodies, strict=True):
        if bytes(row["hash"]) != proofs.leaf(body):
            yield f"leaf {row['index']} has another's hash"
    shown_notes = [
        command.answer["text"] for command in commands if command.does == "checkpoint" and command.outcome == "yes"
    ]
    stored_notes = [row["note"] for row in outside["checkpoints"]]
    yield from _signed(dict.fromkeys([*shown_notes, *stored_notes]), bodies, outside)


def _signed(notes: Iterable[str], bodies: Sequence[bytes], outside: Outside) -> Iterator[str]:
    signed = []
    for note in notes:
        try:
            signed.append(read_note(note, outside.vkey))
        except ValueError as wrong:
            yield f"a checkpoint is not signed: {wrong}"
    roots = heads(bodies, {size for size, _ in signed})
    for size, root in signed:
        if roots.get(size) != root:
            yield f"the checkpoint of size {size} contradicts the leaves"
    (head,) = outside["head"]
    newest = max((size for size, _ in signed), default=0)
    if (head["size"], newest) != (len(bodies), len(bodies)):
        yield f"{len(bodies)} leaves, a head of {head['size']}, a newest checkpoint of {newest}"
    if roots.get(newest) != proofs.root(bodies[:newest]):
        yield "two ways to the newest root disagree"


def commits(row: Row, header: dict[str, Any], detail: dict[str, str]) -> bool:
    """Tell whether a leaf commits to this detail (RFC 8785; keys and values here are plain ASCII)."""
    canonical = json.dumps(detail, sort_keys=True, separators=(",", ":")).encode()
    return bool(sha256(bytes(row["salt"]) + canonical).hexdigest() == header["commitment"])


def openings(commands: Sequence[Command], outside: Outside) -> Iterator[Violation]:
    """Yield each opening without its leaf and each leaf without its opening (I6, I4)."""
    people = {row["pseudonym"]: row["person_ref"] for row in outside["people"]}
    agencies = {row["agency_id"]: row["pseudonym"] for row in outside["agencies"]}
    requests = defaultdict[str, list[Command]](list)
    for command in commands:
        if command.does == "opening":
            requests[command.who].append(command)
    looks = defaultdict[str, list[Look]](list)
    for row in outside["leaves"]:
        header = json.loads(bytes(row["header"]))
        who = people.get(header["actor"], "")
        # What an advocate's offer was refused for names the agency that would have had it, and is no look.
        if who in requests and header["act"] in ACTS and header["agency"] == agencies[requests[who][0].agency]:
            looks[who].append((row, header, datetime.fromisoformat(header["at"]).timestamp()))
    for who in sorted(requests):
        yield from _of_person(who, requests[who], looks[who], agencies)


def _of_person(who: str, requests: list[Command], looks: list[Look], agencies: Iterable[str]) -> Iterator[Violation]:
    expected = sorted((_ExpectedOpening(command) for command in requests), key=lambda opening: opening.began)
    sure = [opening for opening in expected if opening.sure]
    unclear = [opening for opening in expected if not opening.sure]
    begun = [opening.began for opening in sure]
    states = [{"person": who}, *({"person": who, "to": agency} for agency in agencies)]  # looks that open no message
    for row, header, at in looks:
        # Somebody asks one thing after the other, so an instant lies within one clear answer at most, or at its edge.
        place = bisect_right(begun, at + SLACK)
        near = (opening for opening in (*sure[max(0, place - 2) : place], *unclear) if opening.may_cover(at))
        if not any(opening.takes(row, header, who) for opening in near) and not any(
            commits(row, header, state) for state in states
        ):
            yield "I4", f"leaf {row['index']}: {who} {header['act']} something that nobody asked for"
    for opening in expected:
        yield from opening.missing(who)


class _ExpectedOpening:
    """The leaves that one opening must have, or may have where its answer is unknown."""

    def __init__(self, command: Command) -> None:
        self.began, self.sure = command.began, command.outcome != "maybe"
        # A server that stood still may have gone on long after its client gave up.
        self._ended = command.ended if self.sure else inf
        answered = command.answer.get("opened", [command.answer] if "categories" in command.answer else [])
        opened = {message["message_ref"] for message in answered} if command.outcome == "yes" else set()
        reached = any(attempt.reached and attempt.status not in (400, 401, 403, 422, 429) for attempt in command.tries)
        refs = command.params["messages"] if reached else []
        self._left = {ref: {"opened"} if ref in opened else {"refused"} for ref in refs}
        if not self.sure:
            self._left = {ref: {"opened", "refused"} for ref in refs}
        self._named = command.tries[0].command

    def may_cover(self, at: float) -> bool:
        return self.began - SLACK <= at <= self._ended + SLACK

    def takes(self, row: Row, header: dict[str, Any], who: str) -> bool:
        """Take a leaf that tells of one of these messages; each is taken once."""
        for ref, acts in self._left.items():
            if header["act"] not in acts:
                continue
            if commits(row, header, {"message_ref": ref, "person": who}) or (
                header["subject"] is None and commits(row, header, {"message_ref": ref})
            ):
                del self._left[ref]
                return True
        return False

    def missing(self, who: str) -> Iterator[Violation]:
        """Yield what was answered and has no leaf."""
        if self.sure:
            for ref, (act,) in ((ref, tuple(acts)) for ref, acts in self._left.items()):
                yield "I6", f"{who}'s opening {self._named} of {ref} was answered as {act} and has no such leaf"


def offers(outside: Outside) -> Iterator[Violation]:
    """Yield each offer without its leaf, and each leaf of an offer without a message; what was withheld has one too."""
    agencies = {row["agency_id"]: row["pseudonym"] for row in outside["agencies"]}
    subjects = {row["subject_id"]: row["subject"] for row in outside["cases"]}
    offered = Counter(
        (subjects[row["subject_id"]], agencies[row["recipient"]], row["type"]) for row in outside["offers"]
    )
    recorded = Counter[tuple[str, str, str]]()
    withheld = defaultdict[str, list[tuple[Row, dict[str, Any]]]](list)
    for row in outside["leaves"]:
        header = json.loads(bytes(row["header"]))
        if header["act"] == "offered" and header["verdict"] == "permit":
            recorded[header["subject"], header["agency"], header["type"]] += 1
        elif header["act"] == "withheld":
            withheld[header["subject"]].append((row, header))
    for place in sorted(offered.keys() | recorded.keys()):
        if offered[place] != recorded[place]:
            yield "I4", f"{offered[place]} offers of {place[2]} have {recorded[place]} leaves"
    yield from _withheld(outside, subjects, withheld)


def _withheld(
    outside: Outside, subjects: dict[int, str], leaves: dict[str, list[tuple[Row, dict[str, Any]]]]
) -> Iterator[Violation]:
    for offer in outside["offers"]:
        if offer["state"] == "withheld":
            detail = {"message_ref": offer["message_ref"], "to": offer["recipient"]}
            unmatched = leaves.get(subjects[offer["subject_id"]], [])
            matches = [leaf for leaf in unmatched if commits(*leaf, detail)]
            if len(matches) != 1:
                yield "I4", f"message {offer['message_ref']} was withheld with {len(matches)} leaves"
            for leaf in matches:
                unmatched.remove(leaf)
    left = sum(len(unmatched) for unmatched in leaves.values())
    if left:
        yield "I4", f"{left} leaves tell of messages withheld that were not"
