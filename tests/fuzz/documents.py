"""Documents that mean one thing to one reader and another to the next."""

import json
import math
import unicodedata
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from pydantic_core import from_json

from schemas import strict_json
from schemas.registry import CONTRACTS
from tests.contracts.examples import example
from tests.fuzz.damage import Differs, damaged

# Unicode's classes of characters that turn text around, and the two marks and the letter mark besides them.
TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
MARKS: Final = frozenset({"LEFT-TO-RIGHT MARK", "RIGHT-TO-LEFT MARK", "ARABIC LETTER MARK"})
DOCUMENTS: Final = tuple(example(type_name) for type_name in sorted(CONTRACTS))
TEXTS: Final = tuple(json.dumps(document).encode() for document in DOCUMENTS)
TOKENS: Final = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"0.1e1", b"01", b"+1", b".5", b"9" * 5000, b"1" * 25, b"\x00",
    b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b"\\ud83d\\ude00", b"\\u202e", "\u2066".encode(), b"\xed\xa0\x80",
    b"\xc0\x80", b"\xff", b"\xef\xbb\xbf", b"//", b"/* */", b",", b"'", b"\\x41", b"\t", b" \r\n", b"true", b"null",
    b"[" * 40, b"{}", b"[]",
)  # fmt: skip


def text(by: Random) -> bytes:
    """Return a document of ours after one to three changes, careful or blind."""
    raw = by.choice(TEXTS)
    for _ in range(by.choice((1, 1, 2, 3))):
        raw = by.choice(REWRITINGS)(raw, by)
    return raw


def _a_token(raw: bytes, by: Random) -> bytes:
    place = by.randint(0, len(raw))
    return raw[:place] + by.choice(TOKENS) + raw[place:]


def _member_twice(raw: bytes, by: Random) -> bytes:
    """Say one member a second time, in the same spelling or another, with the same value or another."""
    names = [start for start in range(len(raw)) if raw.startswith(b'{"', start) or raw.startswith(b', "', start)]
    if not names:
        return raw
    start = by.choice(names)
    quote = raw.index(b'"', start)
    end = raw.find(b'"', quote + 1)
    name = raw[quote + 1 : end]
    if name and by.random() < 0.5:
        name = b"\\u%04x" % name[0] + name[1:]
    return raw[:quote] + b'"' + name + b'": ' + by.choice((b"null", b'"x"', b"1")) + b", " + raw[quote:]


def _a_value(raw: bytes, by: Random) -> bytes:
    """Put a token in the place of a value."""
    colons = [place for place, byte in enumerate(raw) if byte == 0x3A]
    if not colons:
        return raw
    start = by.choice(colons) + 1
    ends = [place for place in (raw.find(b",", start), raw.find(b"}", start)) if place >= 0]
    return raw[:start] + by.choice(TOKENS) + raw[min(ends, default=len(raw)) :]


def _escaped(raw: bytes, by: Random) -> bytes:
    """Spell letters as escapes: the same document, if nothing else was done to it."""
    place = by.randint(0, len(raw))
    return (
        raw[:place]
        + b"".join(b"\\u%04x" % byte if chr(byte).isalpha() else bytes([byte]) for byte in raw[place : place + 8])
        + raw[place + 8 :]
    )


def _in_other_letters(raw: bytes, by: Random) -> bytes:
    return raw.decode(errors="replace").encode(by.choice(("utf-16", "utf-16-le", "utf-32", "utf-7")))


def _deeper(raw: bytes, by: Random) -> bytes:
    depth = by.choice((1, 28, 29, 30, 31, 32, 33, 40))
    return b"[" * depth + raw + b"]" * depth


def _blind(raw: bytes, by: Random) -> bytes:
    return damaged(raw, by, TEXTS)


REWRITINGS: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    _a_token, _a_token, _member_twice, _a_value, _a_value, _escaped, _in_other_letters, _deeper, _blind, _blind, _blind,
)  # fmt: skip


def means_one_thing(raw: bytes) -> bool:
    """Tell whether a document was read, and as two other readers read it; raises `Differs` for anything else."""
    try:
        read = strict_json.loads(raw)
    except strict_json.BadJson:
        return False
    if repr(read) != repr(json.loads(raw, object_pairs_hook=_each_once)):
        raise Differs("the standard library reads it otherwise")
    if repr(read) != repr(from_json(raw, allow_inf_nan=False)):
        raise Differs("another parser reads it otherwise")
    for leaf in _leaves(read):
        if isinstance(leaf, str) and any(map(_hides, leaf)):
            raise Differs("text that hides itself")
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise Differs("a number that is none")
    return True


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise Differs("a member that was said twice")
    return dict(pairs)


def _hides(letter: str) -> bool:
    if letter.isascii():
        return letter == "\x00"
    turns = unicodedata.bidirectional(letter) in TURNING or unicodedata.name(letter, "") in MARKS
    return turns or unicodedata.category(letter) == "Cs"


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    else:
        yield value
