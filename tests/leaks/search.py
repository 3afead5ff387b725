"""Finding canaries in bytes, however they were written down.

All is looked at with its breaks and zero bytes taken out and in small letters: so a word that was split, capitalised
or written in UTF-16 is the same word, and a sweep looks for few stems.  What it was is told afterwards.
"""

import base64
import html
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import quote

from tests.leaks.canaries import HEAD, REFERENCE, Canary

ENCODINGS: Final = (
    "plain",
    "percent",
    "JSON-escaped",
    "base64",
    "base64, shifted",
    "hex",
    "UTF-16",
    "reversed",
    "upper",
    "lower",
    "split by a newline",
    "HTML-escaped",
)
CHUNK: Final = 1 << 23
OVERLAP: Final = 256  # more than a core is long in any encoding
INFLATED: Final = 1 << 24
GZIP: Final = b"\x1f\x8b\x08"
BREAKS: Final = b"\0\r\n"
WRITTEN_BREAKS: Final = re.compile(rb"\\r\\n|\\n|=\r?\n")
HEADS: Final = {
    "percent": (quote(HEAD, safe=""), quote(HEAD, safe="").lower()),
    "JSON-escaped": (json.dumps(HEAD)[1:-1], json.dumps(HEAD, ensure_ascii=False)[1:-1]),
    "HTML-escaped": (html.escape(HEAD), html.escape(HEAD).replace("&quot;", "&#34;"), "&#233;&#34;&lt;&amp;"),
}


@dataclass(frozen=True)
class Hit:
    """A canary that was found; `canary` is None for a piece of one, and `uses` says of which it may be."""

    canary: Canary | None
    uses: frozenset[str]
    encoding: str
    where: str
    offset: int

    def __str__(self) -> str:
        """Say what was found without repeating it."""
        piece = f"a piece of {sorted(self.uses)}"
        description = piece if self.canary is None else f"{self.canary.use} {self.canary.place!r}"
        return f"{description}, {self.encoding}, at {self.where}+{self.offset}"


def base64_of(text: str, shift: int) -> str:
    """Return the part of a base64 text that is the same for all data with `text` at a place of this shift."""
    raw = b"\0" * shift + text.encode()
    return base64.b64encode(raw).decode()[(0, 2, 3)[shift] : len(raw) * 8 // 6]


def url_safe(text: str) -> str:
    return text.translate(str.maketrans("+/", "-_"))


Written = Callable[[str], bytes]
WRITINGS: Final[tuple[tuple[str, Written], ...]] = (
    ("plain", lambda text: text.encode()),
    ("base64", lambda text: base64_of(text, 0).encode()),
    ("base64, shifted", lambda text: base64_of(text, 1).encode()),
    ("base64, shifted", lambda text: base64_of(text, 2).encode()),
    ("base64", lambda text: url_safe(base64_of(text, 0)).encode()),
    ("base64, shifted", lambda text: url_safe(base64_of(text, 1)).encode()),
    ("base64, shifted", lambda text: url_safe(base64_of(text, 2)).encode()),
    ("hex", lambda text: text.encode().hex().encode()),
    ("reversed", lambda text: text[::-1].encode()),
    ("percent", lambda text: quote(text, safe="").encode()),
)
# A database keeps a reference as its bytes, and others write it without its dashes.
OF_A_REFERENCE: Final[tuple[tuple[str, Written], ...]] = (
    ("plain", lambda text: bytes.fromhex(text.replace("-", ""))),
    ("plain", lambda text: text.replace("-", "").encode()),
)


def bare(data: bytes) -> bytes:
    """Return `data` without what may split a word."""
    return data.translate(None, BREAKS)


@dataclass(frozen=True)
class Anchor:
    """A stem as one encoding writes it, and every canary of that stem, whole, in the same encoding."""

    piece: bytes  # in small letters
    written: bytes
    encoding: str
    unlike_all_else: bool
    whole: dict[bytes, Canary] = field(repr=False)
    sizes: set[int] = field(repr=False)

    def at(self, data: bytes, place: int) -> tuple[Canary | None, bytes]:
        """Return the canary of which the piece at `place` is part, and how it is written there."""
        for size in self.sizes:
            begin = place + len(self.piece) - size if self.encoding == "reversed" else place
            stands = data[max(0, begin) : begin + size]
            canary = self.whole.get(stands if self._by_case else stands.lower())
            if canary is not None:
                return canary, stands
        return None, data[place : place + len(self.piece)]

    def counts(self, stands: bytes) -> bool:
        """Tell whether what stands there, alone, is a piece of a canary and of nothing else."""
        return self.unlike_all_else and (not self._by_case or stands == self.written)

    @cached_property
    def uses(self) -> frozenset[str]:
        """Return the uses of the canaries of this stem."""
        return frozenset(canary.use for canary in self.whole.values())

    @property
    def _by_case(self) -> bool:
        return self.encoding.startswith("base64")


@dataclass
class Searcher:
    """Looks for any of many canaries at once."""

    anchors: list[Anchor]

    @classmethod
    def of(cls, canaries: Iterable[Canary]) -> "Searcher":
        """Return a searcher for these canaries in every encoding."""
        anchors: dict[tuple[bytes, bool], Anchor] = {}
        for canary in canaries:
            for encoding, written in WRITINGS + (OF_A_REFERENCE if canary.kind.name == REFERENCE.name else ()):
                piece, whole = bare(written(canary.kind.stem)), bare(written(canary.core))
                key = piece, encoding == "reversed"
                new_anchor = Anchor(piece.lower(), piece, encoding, canary.kind.unlike_all_else, {}, set())
                anchor = anchors.setdefault(key, new_anchor)
                anchor.whole.setdefault(whole if encoding.startswith("base64") else whole.lower(), canary)
                anchor.sizes.add(len(whole))
        return cls(list(anchors.values()))

    def search(self, where: str, data: bytes) -> list[Hit]:
        """Return each place at which a canary stands, also where a break or a compression hides it."""
        hits = list(self._bare(where, data))
        for match in re.finditer(re.escape(GZIP), data):
            inside = _inflated(data[match.start() :])
            hits += self.search(f"{where} (inflated)", inside) if inside else []
        joined = WRITTEN_BREAKS.sub(b"", data)
        if len(joined) != len(data):
            whole = {hit.canary for hit in hits}
            hits += [hit for hit in self._bare(where, joined) if hit.canary not in whole]
        return hits

    def _bare(self, where: str, data: bytes) -> Iterator[Hit]:
        looked_at = bare(data)
        small = looked_at.lower()
        for anchor in self.anchors:
            place = small.find(anchor.piece)
            while place >= 0:
                canary, stands = anchor.at(looked_at, place)
                if canary is not None or anchor.counts(stands):
                    uses = anchor.uses if canary is None else frozenset({canary.use})
                    yield Hit(canary, uses, _encoding(anchor, canary, stands, data), where, max(data.find(stands), 0))
                place = small.find(anchor.piece, place + 1)


def _encoding(anchor: Anchor, canary: Canary | None, stands: bytes, data: bytes) -> str:
    if anchor.encoding != "plain" or canary is None:
        return anchor.encoding
    place = data.find(stands)
    if place < 0:
        wide = stands.decode("latin-1")
        in_utf_16 = any(wide.encode(how) in data for how in ("utf-16-le", "utf-16-be"))
        return "UTF-16" if in_utf_16 else "split by a newline"
    core = canary.core.encode()
    if stands != core:
        return {core.upper(): "upper", core.lower(): "lower"}.get(stands, "plain")
    before = data[max(0, place - 80) : place]
    headed = not before.endswith(HEAD.encode()) and canary.text != canary.core
    encodings = (encoding for encoding, heads in HEADS.items() if any(before.endswith(head.encode()) for head in heads))
    return next(encodings, "plain") if headed else "plain"


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(data, INFLATED)
    except zlib.error:
        return b""


def pieces_of(where: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield `data` in pieces that overlap by more than any canary is long."""
    for begin in range(0, max(1, len(data)), CHUNK):
        yield f"{where}@{begin}" if begin else where, data[begin : begin + CHUNK + OVERLAP]
