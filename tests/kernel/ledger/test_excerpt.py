"""Some lines of a ledger, each by its own proof: what was changed in any of them shows, and at which one."""

from dataclasses import replace

import pytest

from kernel.ledger import merkle, note
from kernel.ledger.excerpt import ExcerptEntry, verify_excerpt
from kernel.ledger.verify import Violation
from tests.kernel.ledger.logs import ORIGIN, SKEY, VKEY, a_story, checkpoint, entries_of, hashed

SIZE = 11
ENTRIES = entries_of(a_story(SIZE))
HEAD = checkpoint(ENTRIES, SIZE)
OTHER_SKEY, _ = note.new_keys(ORIGIN)


def excerpt_of(entries: list[tuple[int, bytes, bytes]], *places: int) -> list[ExcerptEntry]:
    """Return the lines at these places of a log, each with its path."""
    peaks: list[bytes] = []
    grown = [node for index, _, leaf in entries for node in merkle.push(peaks, index, leaf)]
    nodes = {(level, index): digest for level, index, digest in grown}
    return [
        ExcerptEntry(index, body, leaf, tuple(merkle.inclusion_proof(index, len(entries), lambda *node: nodes[node])))
        for index, body, leaf in (entries[place] for place in places)
    ]


def test_any_lines_of_an_honest_log_hold() -> None:
    assert verify_excerpt(excerpt_of(ENTRIES, 0, 4, 10), HEAD, VKEY) == []
    assert verify_excerpt([], HEAD, VKEY) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"body": ENTRIES[5][1]}, Violation.EDITED),
        ({"index": 3}, Violation.NOT_INCLUDED),
        ({"index": SIZE}, Violation.NOT_INCLUDED),
        ({"path": ()}, Violation.NOT_INCLUDED),
        ({"body": ENTRIES[5][1], "leaf": ENTRIES[5][2]}, Violation.NOT_INCLUDED),
    ],
)
def test_a_changed_line_is_named_by_its_place(change: dict[str, object], fault: Violation) -> None:
    (honest,) = excerpt_of(ENTRIES, 4)
    changed = replace(honest, **change)  # type: ignore[arg-type]

    (finding,) = verify_excerpt([changed], HEAD, VKEY)

    assert (finding.fault, finding.index) == (fault, changed.index)


def test_a_line_that_no_ledger_writes_is_unreadable() -> None:
    odd = hashed([b"not a line", ENTRIES[0][1]])

    (finding,) = verify_excerpt(excerpt_of(odd, 0), checkpoint(odd, 2), VKEY)

    assert finding.fault is Violation.UNREADABLE


@pytest.mark.parametrize("head", ["", note.sign(note.read_checkpoint(note.verify(HEAD, VKEY).text).text(), OTHER_SKEY)])
def test_lines_under_a_head_of_another_key_prove_nothing(head: str) -> None:
    (finding,) = verify_excerpt(excerpt_of(ENTRIES, 4), head, VKEY)

    assert finding.fault is Violation.NOT_SIGNED
    assert SKEY != OTHER_SKEY
