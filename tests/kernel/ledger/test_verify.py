from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.ledger import merkle, note
from kernel.ledger.entry import Act, Header, Verdict, padding
from kernel.ledger.verify import SLACK, Finding, Violation, verify_log
from tests.kernel.ledger.logs import (
    A_GRANT,
    AN_OFFER,
    AN_OPENING,
    NOON,
    VKEY,
    a_story,
    checkpoint,
    entries_of,
    faults,
    hashed,
)
from tests.support.rounds import examples, rounds

LENGTH = 40
HONEST = entries_of(a_story(LENGTH))
SIGNED = [checkpoint(HONEST, size) for size in (0, 7, 16, 16, 33, LENGTH)]
BODIES = [body for _, body, _ in HONEST]

jitter = st.integers(0, int(SLACK.total_seconds() * 1_000_000)).map(lambda micros: timedelta(microseconds=micros))


def test_an_honest_log_raises_no_alarm() -> None:
    assert faults(HONEST, SIGNED) == []
    assert faults(iter(HONEST), iter(reversed(SIGNED))) == []
    assert faults([], []) == []


@settings(max_examples=examples(100))
@given(st.lists(jitter, max_size=60), st.data())
def test_overlapping_transactions_raise_no_alarm(late: list[timedelta], data: st.DataObject) -> None:
    headers = [replace(header, at=header.at - by) for header, by in zip(a_story(len(late)), late, strict=True)]
    sizes = data.draw(st.lists(st.integers(0, len(late)), min_size=1))
    log = entries_of(sorted(headers, key=lambda header: header.sv))

    assert faults(log, [checkpoint(log, size) for size in sizes]) == []


def test_entries_past_the_last_checkpoint_raise_no_alarm() -> None:
    assert faults(HONEST, SIGNED[:3]) == []


@settings(max_examples=examples(rounds(200, 1000)))
@given(st.integers(0, LENGTH - 1), st.data())
def test_an_edited_entry_is_named(index: int, data: st.DataObject) -> None:
    body = BODIES[index]
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    edited = bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(body))
    log = [*HONEST[:index], (index, edited, HONEST[index][2]), *HONEST[index + 1 :]]

    findings = faults(log, SIGNED)

    assert findings[0] == (Violation.EDITED, index, None)
    # An edited grant grants nothing, and an edited offer offers nothing: whatever relies on them is named, too.
    assert {fault for fault, *_ in findings[1:]} <= {Violation.NEVER_GRANTED, Violation.NEVER_OFFERED}
    assert index < 3 or findings[1:] == []


def test_an_entry_edited_under_its_old_hash_is_named() -> None:
    index, body, leaf = HONEST[9]
    log = [*HONEST[:9], (index, body + b" ", leaf), *HONEST[10:]]

    assert faults(log, SIGNED) == [(Violation.EDITED, 9, None)]


@pytest.mark.parametrize(("index", "agreed", "first"), [(0, 0, 7), (6, 0, 7), (7, 7, 16), (20, 16, 33), (39, 33, 40)])
def test_an_entry_edited_with_its_hash_is_located_by_checkpoints(index: int, agreed: int, first: int) -> None:
    edited = replace(a_story(LENGTH)[index], actor="p-9")
    log = hashed([*BODIES[:index], edited.body(), *BODIES[index + 1 :]])

    findings = faults(log, SIGNED)

    assert findings[0] == (Violation.REWRITTEN, agreed, first)
    assert {fault for fault, _, _ in findings} == {Violation.REWRITTEN}


@pytest.mark.parametrize("length", [0, 1, 20, 39])
def test_a_truncated_log_is_named(length: int) -> None:
    assert faults(HONEST[:length], SIGNED) == [(Violation.TRUNCATED, length, LENGTH)]


def test_missing_entries_are_named() -> None:
    assert faults([*HONEST[:5], *HONEST[8:]], SIGNED) == [(Violation.MISSING, 5, 8)]


def test_an_entry_cut_out_and_closed_over_is_found() -> None:
    log = hashed([*BODIES[:20], *BODIES[21:]])

    assert faults(log, SIGNED) == [(Violation.REWRITTEN, 16, 33), (Violation.TRUNCATED, 39, 40)]


def test_an_entry_slipped_in_is_found() -> None:
    log = hashed([*BODIES[:20], BODIES[20], *BODIES[20:]])

    assert faults(log, SIGNED)[0] == (Violation.REWRITTEN, 16, 33)


def test_entries_read_out_of_order_are_named() -> None:
    log = [*HONEST[:5], HONEST[6], HONEST[5], *HONEST[7:]]

    assert faults(log, SIGNED) == [(Violation.MISSING, 5, 6), (Violation.REORDERED, 5, None)]


def test_an_entry_that_stands_twice_is_named() -> None:
    assert faults([*HONEST[:6], *HONEST[5:]], SIGNED) == [(Violation.REORDERED, 5, None)]


def test_entries_that_changed_places_are_found() -> None:
    log = hashed([*BODIES[:18], BODIES[19], BODIES[18], *BODIES[20:]])

    assert (Violation.REWRITTEN, 16, 33) in faults(log, SIGNED)


def test_a_rebuilt_and_resigned_log_is_a_fork_of_witnessed_heads() -> None:
    rebuilt = hashed([*BODIES[:10], replace(AN_OFFER, at=NOON + timedelta(seconds=10), sv=99).body(), *BODIES[11:]])
    witnessed, signed_anew = SIGNED[2], checkpoint(rebuilt, LENGTH)

    findings = faults(rebuilt, [SIGNED[1], witnessed, signed_anew])

    assert findings == [(Violation.REWRITTEN, 7, 16), (Violation.FORKED, 16, LENGTH)]


def test_two_histories_signed_at_one_size_are_a_fork() -> None:
    shown_elsewhere = hashed([*BODIES[:10], AN_OFFER.body(), *BODIES[11:]])

    findings = faults(HONEST, [checkpoint(shown_elsewhere, 33), *SIGNED])

    assert findings == [(Violation.FORKED, 33, 33)]


def test_a_backdated_entry_is_named() -> None:
    story = a_story(LENGTH)
    story[30] = replace(story[30], at=NOON - timedelta(days=2))
    log = entries_of(story)

    assert faults(log, [checkpoint(log, LENGTH)]) == [(Violation.BACKDATED, 30, None)]


def test_one_entry_dated_ahead_is_seen_by_those_after_it() -> None:
    story = a_story(4)
    story[1] = replace(story[1], at=NOON + timedelta(days=2))
    log = entries_of(story)

    findings = faults(log, [checkpoint(log, 4)])

    assert findings == [(Violation.BACKDATED, 2, None), (Violation.BACKDATED, 3, None)]


def test_a_checkpoint_of_another_signer_is_named() -> None:
    skey, _ = note.new_keys("town.example/ledger")
    forged = note.sign(note.verify(SIGNED[4], VKEY).text, skey)

    assert faults(HONEST, [SIGNED[1], forged, "noise"]) == [
        (Violation.NOT_SIGNED, 1, None),
        (Violation.NOT_SIGNED, 2, None),
    ]


def test_entries_that_no_checkpoint_vouches_for_are_not_passed() -> None:
    assert faults(HONEST, []) == [(Violation.NO_CHECKPOINT, 0, LENGTH)]


def test_a_line_that_is_none_is_named() -> None:
    log = hashed([*BODIES[:3], b"{}"])

    assert faults(log, [checkpoint(log, 4)]) == [(Violation.UNREADABLE, 3, None)]


@pytest.mark.parametrize(
    "look",
    [
        replace(AN_OFFER, basis=None),
        replace(AN_OFFER, directives=()),
        replace(AN_OFFER, act=Act.CONSULTED, directives=()),
    ],
)
def test_a_look_on_nobodys_word_is_named(look: Header) -> None:
    log = entries_of([A_GRANT, AN_OFFER, look])

    assert faults(log, [checkpoint(log, 3)]) == [(Violation.UNFOUNDED, 2, None)]


@pytest.mark.parametrize(
    "line",
    [
        replace(AN_OFFER, basis="own_record", directives=(), agency="a-2"),
        replace(AN_OFFER, verdict=Verdict.DENY, act=Act.REFUSED, basis=None, directives=()),
        replace(AN_OFFER, act=Act.CONSULTED, type="another"),
        replace(AN_OPENING, verdict=Verdict.DENY, agency="a-9", basis=None),
        replace(AN_OPENING, categories=(), agency="a-9", directives=()),
        replace(AN_OFFER, act=Act.GRANTED, basis=None, directives=()),
    ],
)
def test_entries_that_need_no_release_raise_no_alarm(line: Header) -> None:
    log = entries_of([A_GRANT, AN_OFFER, line])

    assert faults(log, [checkpoint(log, 3)]) == []


@pytest.mark.parametrize(
    "opening",
    [
        replace(AN_OPENING, agency="a-9"),
        replace(AN_OPENING, subject="s-9", directives=("d-9",)),
        replace(AN_OPENING, custodian="a-9", directives=("d-8",)),
        replace(AN_OPENING, type="another"),
        replace(AN_OPENING, categories=("location", "medical")),
    ],
)
def test_an_opening_of_what_was_never_offered_is_named(opening: Header) -> None:
    others = [
        replace(A_GRANT, subject="s-9", directives=("d-9",)),
        replace(A_GRANT, custodian="a-9", directives=("d-8",)),
    ]

    assert findings_of(A_GRANT, *others, AN_OFFER, opening) == [(Violation.NEVER_OFFERED, 4, None)]


def test_several_offers_may_be_opened_at_once() -> None:
    more = replace(AN_OFFER, categories=("medical",))
    log = entries_of([A_GRANT, AN_OFFER, more, replace(AN_OPENING, categories=("location", "medical"))])

    assert faults(log, [checkpoint(log, 4)]) == []


A_STOP = replace(A_GRANT, act=Act.REVOKED, categories=())
ANOTHER = replace(A_GRANT, directives=("d-2",))
A_NARROWING = replace(A_GRANT, act=Act.CHANGED, reason="narrowed", directives=("d-2", "d-1"))


def findings_of(*story: Header) -> list[tuple[Violation, int, int | None]]:
    log = entries_of(story)
    return faults(log, [checkpoint(log, len(log))])


@pytest.mark.parametrize(
    "before",
    [
        [],
        [replace(A_GRANT, subject="s-2")],
        [ANOTHER],
        [replace(A_GRANT, verdict=Verdict.DENY)],
        [replace(A_GRANT, act=Act.CHANGED, reason="drafted")],
        [replace(A_GRANT, directives=("d-2", "d-1"))],
    ],
)
def test_h10_a_look_on_a_release_nobody_gave_is_named(before: list[Header]) -> None:
    for look in (AN_OFFER, replace(AN_OFFER, act=Act.CONSULTED)):
        (finding,) = findings_of(*before, look)

        assert finding[0] in (Violation.NEVER_GRANTED, Violation.AFTER_REVOCATION)
        assert finding[1] == len(before)


def test_h10_an_opening_on_a_release_nobody_gave_is_named() -> None:
    findings = findings_of(A_GRANT, AN_OFFER, replace(AN_OPENING, directives=("d-1", "d-7")))

    assert findings == [(Violation.NEVER_GRANTED, 2, None)]


@pytest.mark.parametrize(
    "stop",
    [
        A_STOP,
        replace(A_STOP, directives=("d-7", "d-1")),
        A_NARROWING,
        replace(A_GRANT, directives=("d-2", "d-1")),
        replace(A_GRANT, act=Act.CHANGED, reason="ended"),
    ],
)
def test_h10_a_look_on_a_release_that_had_ended_is_named(stop: Header) -> None:
    assert findings_of(A_GRANT, AN_OFFER, stop, AN_OPENING) == [(Violation.AFTER_REVOCATION, 3, None)]
    assert findings_of(A_GRANT, AN_OFFER, stop, A_GRANT, AN_OPENING) == [(Violation.AFTER_REVOCATION, 4, None)]


@pytest.mark.parametrize(
    "beyond",
    [{"purpose": "shelter"}, {"custodian": "a-9"}, {"categories": ("location", "weapons_risk")}],
)
def test_h10_a_look_beyond_what_its_release_names_is_named(beyond: dict[str, Any]) -> None:
    for look in (AN_OFFER, replace(AN_OFFER, act=Act.CONSULTED)):
        assert findings_of(A_GRANT, replace(look, **beyond)) == [(Violation.BEYOND_RELEASE, 1, None)]


def test_h10_two_releases_may_be_relied_on_together() -> None:
    more = replace(A_GRANT, directives=("d-2",), categories=("weapons_risk",))
    look = replace(AN_OFFER, categories=("location", "weapons_risk"), directives=("d-1", "d-2"))

    assert findings_of(A_GRANT, more, look) == []
    assert findings_of(A_GRANT, replace(more, purpose="shelter"), look) == [(Violation.BEYOND_RELEASE, 2, None)]


def test_h10_what_replaces_a_release_may_be_relied_on() -> None:
    relying = replace(AN_OPENING, directives=("d-2",))

    for replacing in (A_NARROWING, replace(A_GRANT, directives=("d-2", "d-1"))):
        assert findings_of(A_GRANT, AN_OFFER, replacing, relying) == []


def test_h10_a_record_is_its_custodians_own_and_no_others() -> None:
    own = replace(AN_OFFER, basis="own_record", directives=(), agency="a-2")

    assert findings_of(own, replace(own, act=Act.OPENED)) == []
    assert findings_of(own, replace(own, agency="a-1")) == [(Violation.NOT_OWN_RECORD, 1, None)]


def test_h10_a_range_tells_of_the_stops_within_it_only() -> None:
    log = entries_of([A_GRANT, AN_OFFER, AN_OPENING, A_STOP, AN_OPENING])
    peaks: list[bytes] = []
    for index, _, leaf in log[:2]:
        merkle.push(peaks, index, leaf)

    findings = verify_log(log[2:], [checkpoint(log, 5)], VKEY, start=2, peaks=peaks)

    assert findings == [Finding(Violation.AFTER_REVOCATION, 4)]


def test_m8_padding_says_nothing() -> None:
    line = Header(commitment="ab" * 32, sealed="cd" * 32, **padding(NOON))

    assert findings_of(line) == []
    assert findings_of(replace(line, subject="s-1")) == [(Violation.NOT_PADDING, 0, None)]
    assert findings_of(replace(line, actor="p-1")) == [(Violation.NOT_PADDING, 0, None)]


def range_findings(start: int, peaks: list[bytes]) -> list[Finding]:
    return verify_log(HONEST[start:], SIGNED, VKEY, start=start, peaks=peaks)


def test_a_range_is_verified_from_a_checkpoint_on() -> None:
    peaks: list[bytes] = []
    for index, _, leaf in HONEST[:16]:
        merkle.push(peaks, index, leaf)

    assert range_findings(16, peaks) == []


def test_a_range_on_a_false_past_is_found() -> None:
    assert range_findings(16, [merkle.leaf_hash(b"forged")])[0] == Finding(Violation.REWRITTEN, 0, 16)


@pytest.mark.parametrize("fault", Violation)
def test_every_finding_reads_as_a_sentence(fault: Violation) -> None:
    sentence = str(Finding(fault, 12, 345))

    assert "12" in sentence
    assert "None" not in sentence
