"""Parsers, by coverage: whatever bytes reach them, they read them or refuse them as they say, and nothing else.

Where atheris cannot be had (there are wheels for Linux on x86-64 only), `conftest.py` writes down that it did not run.
"""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.ledger import note
from runtime.http.pagination import cursor_of
from runtime.messaging.headers import Headers
from tests.fuzz import documents, header_mutations, letters
from tests.kernel.ledger import logs
from tests.support.rounds import proof, rounds, seed

ROOT = Path(__file__).parents[2]
RUNS = rounds(10_000, 1_000_000)
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b'{"alg":"ES256","typ":"at+jwt","kid":"one"}', b'{"iss":"http://issuer.test","sub":"ana"}', bytes(64))
)
REF = str(letters.LETTERS[0].routing.message_ref)


def lines(headers: header_mutations.RawHeaders | Headers) -> bytes:
    return b"\n".join(name.encode() + b":" + (value or b"") for name, value in headers)


def a_letter(letter: letters.Letter) -> bytes:
    received = letter.received
    return b"\x1e".join([received.topic.encode(), received.key or b"", received.body[:64], lines(received.headers)])


# The corpus that each parser begins with: published examples, and what the product itself writes.
CORPUS: dict[str, Callable[[], list[bytes]]] = {
    "a_document": lambda: list(documents.TEXTS),
    "the_headers": lambda: [lines(letter.received.headers) for letter in letters.LETTERS[:10]],
    "a_letter": lambda: [a_letter(letter) for letter in letters.LETTERS[:10]],
    "a_body": lambda: [letter.body for letter in letters.FACTS[:4]],
    "a_token": lambda: [TOKEN.encode()],
    "a_line_of_the_ledger": lambda: [header.body() for header in logs.a_story(3)],
    "a_checkpoint": lambda: [
        logs.checkpoint(logs.entries_of(logs.a_story(5)), 5).encode(),
        note.Proof(1, (bytes(32),), logs.checkpoint(logs.entries_of(logs.a_story(5)), 5)).text().encode(),
    ],
    "a_cursor": lambda: [cursor_of(REF).encode(), cursor_of("2026-03-02T12:00:00+00:00", REF).encode(), b"WzEsMl0"],
    "plain_text": lambda: [json.dumps(document, ensure_ascii=False).encode() for document in documents.DOCUMENTS[:5]],
}


@pytest.mark.parametrize("target", CORPUS)
def test_a_parser_reads_or_refuses_whatever_reaches_it(target: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, raw in enumerate(CORPUS[target]()):
        (corpus / f"{number}").write_bytes(raw)
    options = [f"-seed={seed() % 2**31 or 1}", f"-runs={RUNS}", "-max_len=4096", "-timeout=20", "-print_final_stats=1"]

    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.parsers", target, *options, f"-artifact_prefix={tmp_path}/", corpus],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )

    assert done.returncode == 0, f"SEED={seed()}: {done.stderr[-3000:]}"
    units = int(re.findall(r"number_of_executed_units:\s*(\d+)", done.stderr)[-1])
    covered = [int(edges) for edges in re.findall(r"cov: (\d+)", done.stderr)]
    proof("fuzz", f"atheris {target.replace('_', ' ')}", runs=units, edges_reached=covered[-1], findings=0)
    assert units >= RUNS
    assert covered[-1] > 0
