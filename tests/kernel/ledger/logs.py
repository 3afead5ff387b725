"""An honest log to take apart, and what it takes to sign another."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kernel.ledger import merkle, note
from kernel.ledger.entry import Act, Header, Verdict
from kernel.ledger.verify import Entry, Violation, verify_log

ORIGIN = "town.example/ledger"
SKEY, VKEY = note.new_keys(ORIGIN)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

AN_OFFER = Header(
    at=NOON,
    act=Act.OFFERED,
    actor="p-1",
    agency="a-1",
    commitment="ab" * 32,
    verdict=Verdict.PERMIT,
    sv=1,
    subject="s-1",
    custodian="a-2",
    purpose="advocacy",
    type="accord.referral.accepted.v1",
    categories=("location", "referral_status"),
    directives=("d-1",),
    basis="release",
)
NAMED = ("location", "medical", "referral_status")
A_GRANT = replace(AN_OFFER, act=Act.GRANTED, type=None, basis=None, categories=NAMED)
AN_OPENING = replace(AN_OFFER, act=Act.OPENED, categories=("location",))


def a_story(length: int) -> list[Header]:
    """Return a grant, then offers and openings of what was offered, a second apart."""
    acts = [A_GRANT if not number else AN_OPENING if number % 3 == 2 else AN_OFFER for number in range(length)]
    return [replace(act, at=NOON + timedelta(seconds=number), sv=number) for number, act in enumerate(acts)]


def entries_of(headers: Iterable[Header]) -> list[Entry]:
    return hashed(header.body() for header in headers)


def hashed(bodies: Iterable[bytes]) -> list[Entry]:
    return [(index, body, merkle.leaf_hash(body)) for index, body in enumerate(bodies)]


def checkpoint(entries: Sequence[Entry], size: int) -> str:
    """Return the log's signed word for its first `size` entries."""
    peaks: list[bytes] = []
    for index, _, leaf in entries[:size]:
        merkle.push(peaks, index, leaf)
    return note.sign(note.Checkpoint(ORIGIN, size, merkle.root_of(peaks)).text(), SKEY)


def faults(entries: Iterable[Entry], checkpoints: Iterable[str]) -> list[tuple[Violation, int, int | None]]:
    return [(finding.fault, finding.index, finding.until) for finding in verify_log(entries, checkpoints, VKEY)]
