from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ledger import note
from kernel.ledger.entry import Act, seal_hash
from kernel.ledger.merkle import Grown
from kernel.ledger.stored_state import IndexedEntry, altered, shredded_of, wrong_heads, wrong_nodes
from kernel.ledger.verify import Finding, Violation
from tests.kernel.ledger.logs import AN_OFFER, ORIGIN, VKEY, a_story, checkpoint, entries_of
from tests.support.trees import grow

LENGTH = 21
LEAVES = [(index, leaf) for index, _, leaf in entries_of(a_story(LENGTH))]
NODES = [node for node in grow(0, [], [leaf for _, leaf in LEAVES]) if node[0]]
SUBJECT, OTHER = UUID(int=1), UUID(int=2)


def test_the_nodes_that_leaves_make_raise_no_alarm() -> None:
    assert list(wrong_nodes(LEAVES, NODES)) == []
    assert list(wrong_nodes([], [])) == []


@given(st.integers(0, len(NODES) - 1))
def test_a_node_that_was_changed_is_named_by_what_it_covers(place: int) -> None:
    level, index, _ = NODES[place]
    changed = [*NODES[:place], (level, index, bytes(32)), *NODES[place + 1 :]]

    assert list(wrong_nodes(LEAVES, changed)) == [Finding(Violation.WRONG_NODE, index << level, index + 1 << level)]


@given(st.integers(0, len(NODES) - 1))
def test_a_node_that_is_missing_is_named(place: int) -> None:
    level, index, _ = NODES[place]

    findings = list(wrong_nodes(LEAVES, [*NODES[:place], *NODES[place + 1 :]]))

    assert findings == [Finding(Violation.WRONG_NODE, index << level, index + 1 << level)]


def test_the_last_node_that_is_missing_is_named() -> None:
    wrong = [Finding(Violation.WRONG_NODE, 0, 2)]

    assert list(wrong_nodes(LEAVES[:2], [])) == wrong
    assert list(wrong_nodes(LEAVES[:2], [(0, 0, bytes(32)), *NODES[:1]])) == [Finding(Violation.WRONG_NODE, 0, 1)]
    assert list(wrong_nodes(LEAVES[:2], [(1, 0, bytes(32))])) == wrong


@pytest.mark.parametrize("strange", [(1, 10, bytes(32)), (3, 2, bytes(32)), (0, 4, bytes(32)), (1, 99, bytes(32))])
def test_a_node_that_nothing_makes_is_named(strange: Grown) -> None:
    level, index, _ = strange
    stored = sorted([*NODES, strange], key=lambda node: (node[1] + 1 << node[0], node[0]))

    assert list(wrong_nodes(LEAVES, stored)) == [Finding(Violation.WRONG_NODE, index << level, index + 1 << level)]


def test_past_missing_entries_no_node_is_named() -> None:
    assert list(wrong_nodes([*LEAVES[:8], *LEAVES[9:]], NODES)) == []


SALT, SEALED = b"s" * 32, b"sealed"
A_LINE = replace(AN_OFFER, subject=str(SUBJECT), sealed=seal_hash(SALT, SEALED).hex())


def filed(subject: UUID | None, under: UUID | None) -> IndexedEntry:
    header = replace(A_LINE, subject=None if subject is None else str(subject))
    return IndexedEntry(0, header.body(), None if under is None else str(under), SALT, SEALED)


def test_an_entry_under_its_own_subject_raises_no_alarm() -> None:
    assert not list(altered([filed(SUBJECT, SUBJECT), filed(None, None)], {}))


@pytest.mark.parametrize("entry", [filed(SUBJECT, OTHER), filed(SUBJECT, None), filed(None, SUBJECT)])
def test_an_entry_under_another_subject_is_named(entry: IndexedEntry) -> None:
    assert list(altered([filed(SUBJECT, SUBJECT), entry._replace(place=1)], {})) == [Finding(Violation.MISFILED, 1)]


def test_what_cannot_be_read_is_left_to_who_reads_it() -> None:
    assert not list(altered([IndexedEntry(0, b"{", str(SUBJECT), SALT, None)], {}))


@pytest.mark.parametrize("stored", [(SALT, b"other"), (b"t" * 32, SEALED), (SALT, None), (None, SEALED)])
def test_d9_a_changed_salt_or_sealed_detail_is_named(stored: tuple[bytes | None, bytes | None]) -> None:
    salt, detail = stored

    findings = altered([filed(SUBJECT, SUBJECT)._replace(salt=salt, detail=detail)], {str(SUBJECT): 9})

    assert list(findings) == [Finding(Violation.ALTERED_SEAL, 0)]


def test_d9_an_entry_written_before_seal_hashes_existed_passes() -> None:
    line = IndexedEntry(0, replace(A_LINE, sealed=None).body(), str(SUBJECT), SALT, b"other")

    assert not list(altered([line], {}))


@pytest.mark.parametrize("under", [str(SUBJECT), None])
def test_d9_what_is_erased_must_be_said_to_be_shredded(under: str | None) -> None:
    erased = filed(SUBJECT, SUBJECT)._replace(place=5, subject=under, salt=None, detail=None)
    shredding = replace(A_LINE, act=Act.SHREDDED)

    assert not list(altered([erased], shredded_of([(7, shredding.body()), (8, b"{")])))
    for entries in (
        [],
        [(4, shredding.body())],
        [(7, A_LINE.body())],
        [(7, replace(shredding, subject=str(OTHER)).body())],
    ):
        assert list(altered([erased], shredded_of(entries))) == [Finding(Violation.ERASED, 5)]


def test_d9_what_is_erased_stays_under_its_own_subject() -> None:
    erased = filed(SUBJECT, OTHER)._replace(salt=None, detail=None)

    assert list(altered([erased], {str(SUBJECT): 1})) == [Finding(Violation.MISFILED, 0)]


def test_a_head_whose_row_says_otherwise_is_named() -> None:
    entries = entries_of(a_story(5))
    text = checkpoint(entries, 5)
    root = note.verify_checkpoint(text, VKEY).root
    foreign = note.sign(note.Checkpoint(ORIGIN, 5, root).text(), note.new_keys(ORIGIN)[0])

    findings = list(wrong_heads([(5, root, text), (4, root, text), (5, bytes(32), text), (4, root, foreign)], VKEY))

    assert findings == [Finding(Violation.WRONG_HEAD, 4), Finding(Violation.WRONG_HEAD, 5)]
    assert str(findings[0]) == "the row of the checkpoint at 4 says otherwise than what was signed"
