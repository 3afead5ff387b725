"""The eyes of the sweep: every canary, in every encoding, wherever it stands, and nothing where there is none."""

import base64
import gzip
import html
import json
import random
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from schemas.registry import CONTRACTS
from tests.leaks.canaries import HEAD, KINDS, WORD, Canary, CanaryPool, Kind
from tests.leaks.contracts import sown_contracts
from tests.leaks.search import CHUNK, ENCODINGS, Searcher, pieces_of
from tests.support.rounds import seed

NOISE = random.Random(7).randbytes(5_000)  # noqa: S311 - no secret
ENCODERS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "percent": lambda text: quote(text, safe="").encode(),
    "JSON-escaped": lambda text: json.dumps(text).encode(),
    "base64": lambda text: base64.b64encode(b"a" + text.encode() + b"xyz"),
    "base64, shifted": lambda text: base64.b64encode(b"ab" + text.encode() + b"yz"),
    "hex": lambda text: text.encode().hex().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "reversed": lambda text: text[::-1].encode(),
    "upper": lambda text: text.upper().encode(),
    "lower": lambda text: text.lower().encode(),
    "split by a newline": lambda text: f"{text[:-3]}\n{text[-3:]}".encode(),
    "HTML-escaped": lambda text: html.escape(text).encode(),
}


@pytest.fixture(scope="module")
def nursery() -> CanaryPool:
    return CanaryPool(random.Random(seed()))  # noqa: S311 - as above


def new_canary(nursery: CanaryPool, kind: Kind) -> Canary:
    return nursery.new(kind, "told", f"a {kind.name}")


def test_twelve_encodings_are_tried() -> None:
    assert tuple(ENCODERS) == ENCODINGS
    assert len(ENCODINGS) == 12


@pytest.mark.parametrize("kind", KINDS[:9], ids=lambda kind: kind.name)
@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_canary_is_found_in_every_encoding(nursery: CanaryPool, kind: Kind, encoding: str) -> None:
    canary, other = new_canary(nursery, kind), new_canary(nursery, kind)
    searcher = Searcher.of([canary, other])

    hits = searcher.search("here", NOISE + ENCODERS[encoding](canary.text) + NOISE)

    assert {hit.canary for hit in hits if hit.canary} == {canary}  # of one that is split, a piece is found as well
    if kind is WORD:
        assert encoding in {hit.encoding for hit in hits}


def test_base64_is_read_at_both_of_its_offsets(nursery: CanaryPool) -> None:
    canary = new_canary(nursery, WORD)

    for before in (b"", b"a", b"ab", b"abc"):
        hits = Searcher.of([canary]).search("here", base64.b64encode(before + canary.core.encode() + b"z"))
        assert [hit.canary for hit in hits] == [canary]


def test_what_is_compressed_is_searched_as_well(nursery: CanaryPool) -> None:
    canary = new_canary(nursery, WORD)

    hits = Searcher.of([canary]).search("here", NOISE + gzip.compress(canary.text.encode()) + NOISE)

    assert [(hit.canary, hit.where) for hit in hits] == [(canary, "here (inflated)")]


def test_a_piece_of_a_canary_is_found(nursery: CanaryPool) -> None:
    canary = new_canary(nursery, WORD)

    hits = Searcher.of([canary]).search("here", NOISE + canary.core[:8].encode() + NOISE)

    assert [hit.canary for hit in hits] == [None]


def test_nothing_is_found_where_there_is_nothing(nursery: CanaryPool) -> None:
    searcher = Searcher.of(new_canary(nursery, kind) for kind in KINDS[:9])

    assert searcher.search("here", NOISE * 200) == []


def test_a_canary_between_two_pieces_is_found(nursery: CanaryPool) -> None:
    canary = new_canary(nursery, WORD)
    data = b"." * (CHUNK - 5) + canary.core.encode() + b"." * 100

    hits = [hit for where, piece in pieces_of("here", data) for hit in Searcher.of([canary]).search(where, piece)]

    assert {hit.canary for hit in hits} == {canary}


def test_every_contract_holds_canaries(nursery: CanaryPool) -> None:
    sown = sown_contracts(nursery)

    assert {fact.type for fact in sown} == set(CONTRACTS)
    for fact in sown:
        text = json.dumps(fact.content, ensure_ascii=False)
        assert any(core in text for core in nursery.canaries)


def test_what_holds_no_canary_is_named(nursery: CanaryPool) -> None:
    sown_contracts(nursery)

    assert set(nursery.mute) <= {
        "a code from a list",
        "yes or no",
        "a small number",
        "a time of day",
        "the path of a field",
        "a spoken code",
    }


def test_no_canary_is_like_another(nursery: CanaryPool) -> None:
    sown_contracts(nursery)
    words = [canary.core for canary in nursery.canaries.values() if canary.kind is WORD]

    assert len(set(words)) == len(words)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", word) for word in words)
    assert HEAD.encode() not in b"".join(word.encode() for word in words)
