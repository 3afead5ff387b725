from datetime import UTC, datetime, timedelta

import pytest

from kernel.ledger import note
from kernel.ledger.promise import WITHIN, PromiseChecker, promise, read_promise
from kernel.ledger.verify import Finding, Violation
from tests.kernel.ledger.logs import NOON, SKEY, a_story, entries_of

NAME = "town.example/ledger/promise"
PROMISES, PROMISER = note.new_keys(NAME)
LOG = entries_of(a_story(6))
LEAVES = [leaf for _, _, leaf in LOG]


def findings(*notes: str, without: int = -1, at: datetime = NOON + timedelta(minutes=1)) -> list[Finding]:
    checker = PromiseChecker(notes, [PROMISER])
    list(checker.watching(entry for entry in LOG if entry[0] != without))
    return checker.broken(at)


def test_h9_a_promise_says_which_leaves_and_until_when() -> None:
    promised = read_promise(promise(LEAVES[:2], NOON, PROMISES), PROMISER)

    assert (promised.by, promised.leaves) == (NOON + WITHIN, tuple(LEAVES[:2]))


def test_h9_a_promise_is_lines_and_names_nobody() -> None:
    name, by, leaf, *_ = promise(LEAVES[:1], NOON, PROMISES).split("\n")

    assert (name, by, len(leaf)) == (NAME, "2026-03-01T12:00:10.000000Z", 44)


def test_h9_a_promise_that_was_kept_raises_no_alarm() -> None:
    assert findings(promise(LEAVES[:3], NOON, PROMISES), promise(LEAVES[3:], NOON, PROMISES)) == []


def test_h9_a_leaf_that_was_promised_and_is_missing_is_named() -> None:
    notes = promise(LEAVES[:3], NOON, PROMISES), promise(LEAVES[3:], NOON, PROMISES)

    assert findings(*notes, without=4) == [Finding(Violation.BROKEN_PROMISE, 1)]
    assert findings(*notes, without=4, at=NOON + WITHIN - timedelta(microseconds=1)) == []
    assert findings(*notes, without=4, at=NOON + WITHIN) == [Finding(Violation.BROKEN_PROMISE, 1)]


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "noise",
        promise(LEAVES[:1], NOON, SKEY),
        promise(LEAVES[:1], NOON, note.new_keys(NAME)[0]),
        promise(LEAVES[:1], NOON, PROMISES).replace("12:00:10", "12:00:11"),
        note.sign(f"{NAME}\n2026-03-01T12:00:10.000000Z\n", PROMISES),
        note.sign(f"{NAME}\n2026-03-01T12:00:10.000000Z\nAAAA\n", PROMISES),
        note.sign(f"{NAME}\nsoon\n{'A' * 43}=\n", PROMISES),
        note.sign(f"another\n2026-03-01T12:00:10.000000Z\n{'A' * 43}=\n", PROMISES),
    ],
)
def test_h9_what_no_key_of_ours_promised_is_named(forged: str) -> None:
    assert findings(promise(LEAVES, NOON, PROMISES), forged) == [Finding(Violation.PROMISE_NOT_SIGNED, 1)]


def test_an_instant_without_a_zone_promises_nothing() -> None:
    text = note.sign(f"{NAME}\n2026-03-01T12:00:10\n{'A' * 43}=\n", PROMISES)

    with pytest.raises(note.Malformed):
        read_promise(text, PROMISER)
    assert NOON.tzinfo is UTC
