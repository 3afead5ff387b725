"""One parser under atheris, guided by what it reaches: python -m tests.fuzz.parsers TARGET CORPUS [libFuzzer options].

Whatever a parser raises besides its own documented refusal ends the process with a finding.
"""

import sys
from collections.abc import Callable, Iterator

import atheris  # type: ignore  # it ships no types, and is not there everywhere

with atheris.instrument_imports(include=["schemas", "kernel", "runtime"]):
    from kernel.ledger import entry, note
    from kernel.sealing.envelope import NotOpenable, Sealed
    from kernel.sealing.seal import unseal
    from runtime.auth import jws
    from runtime.http.pagination import position_of
    from runtime.http.problems import Invalid
    from runtime.messaging import headers
    from runtime.messaging.consumer import message
    from runtime.messaging.dead_letters import RawRecord
    from schemas import strict_json

from tests.fuzz import documents, header_mutations, letters
from tests.fuzz.damage import Differs

SEPARATOR = b"\x1e"
_, VKEY = note.new_keys("town.example/ledger")
LETTER = letters.FACTS[0]


def a_document(raw: bytes) -> None:
    documents.means_one_thing(raw)


def the_headers(raw: bytes) -> None:
    header_mutations.reads_as_written(tuple(_pairs(raw)))


def a_letter(raw: bytes) -> None:
    topic, key, body, *rest = [*raw.split(SEPARATOR, 3), b"", b"", b""][:4]
    raw_headers = tuple(_pairs(b"".join(rest)))
    try:
        message.read(RawRecord(topic.decode(errors="replace"), 0, 0, key, raw_headers, body))
    except headers.UnreadableHeaders:
        return


def a_body(raw: bytes) -> None:
    routing = LETTER.routing
    try:
        unseal(Sealed(routing.message_ref, LETTER.recipient, routing.type, -1, raw), (1 << 188) - 1, LETTER.key)
    except NotOpenable:
        return
    if raw != LETTER.body:
        raise Differs("opened what nobody sealed")


def a_token(raw: bytes) -> None:
    token = raw.decode("latin-1")
    try:
        jws.kid_of(token, types=frozenset({"at+jwt", None}))
        jws.unproven_claims(token)
    except jws.NotVerified:
        return


def a_line_of_the_ledger(raw: bytes) -> None:
    try:
        read = entry.read(raw)
    except entry.UnreadableEntry:
        return
    if read.body() != raw:
        raise Differs("a line that the ledger would not have written")


def a_checkpoint(raw: bytes) -> None:
    text = raw.decode(errors="surrogateescape")
    for parse in (
        lambda: note.verify_checkpoint(text, VKEY),
        lambda: note.read_checkpoint(text),
        lambda: note.read_proof(text),
    ):
        try:
            parse()
        except (note.Malformed, note.NotSigned):
            continue


def a_cursor(raw: bytes) -> None:
    for kinds in ((str,), (str, str), (int, int), (str, int)):
        try:
            position_of(raw.decode("latin-1"), *kinds)
        except Invalid:
            continue


def plain_text(raw: bytes) -> None:
    try:
        strict_json.safe_text(raw.decode(errors="surrogatepass"))
    except (strict_json.BadJson, UnicodeDecodeError):
        return


def _pairs(raw: bytes) -> Iterator[tuple[str, bytes | None]]:
    for line in raw.split(b"\n"):
        name, colon, value = line.partition(b":")
        yield name.decode(errors="replace"), value if colon else None


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        a_document,
        the_headers,
        a_letter,
        a_body,
        a_token,
        a_line_of_the_ledger,
        a_checkpoint,
        a_cursor,
        plain_text,
    )
}

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
