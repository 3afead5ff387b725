"""Values that stand nowhere else, and their sowing into whatever a schema can hold.

A canary has a core of a fixed length that begins with the stem of its kind: so a sweep looks for few stems, and a
stem without the rest is the piece of a canary.  Dates and instants have no room for a stem that is unlike all else;
theirs are far-off years and one second of a minute, and count only when they are whole.
"""

import itertools
import random
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

HEAD: Final = 'é"<&'  # what percent, JSON and HTML each write in a way of their own
TAIL = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Kind:
    """One shape of canary: its stem, whether the stem alone gives it away, and how one is made whole."""

    name: str
    stem: str
    unlike_all_else: bool
    size: int  # of a core

    def core(self, number: int, chance: random.Random) -> str:
        """Return the core of canary `number`."""
        return MAKERS.get(self.name, _word)(self, number, chance)


WORD = Kind("word", "Zq7VxKw", True, 14)
SLUG = Kind("slug", "kq7zvxj-", True, 15)
TAG = Kind("language tag", "qz-7vxkwj-", True, 17)
ZONE = Kind("time zone", "Qzkx/Vjw", True, 15)
REFERENCE = Kind("reference", "a7c3e15d-5eed-4b1d-", True, 36)
INSTANT = Kind("instant", "03:14:15.", False, 15)
POINT = Kind("number with a point", "8.7654321", False, 15)
NUMBER = Kind("large number", "7654321", False, 12)
YEARS = tuple(Kind("date", f"{year}-", False, 10) for year in range(2611, 2700))
# What may lie somewhere by a written decision has stems of its own: so a piece, too, tells what it is a piece of.
OF_EVIDENCE: Final = {
    WORD: Kind("word", "Wb4NmRt", True, 14),
    SLUG: Kind("slug", "tr5mkwb-", True, 15),
    TAG: Kind("language tag", "tr-5mkwbq-", True, 17),
    REFERENCE: Kind("reference", "b8d4f26e-6aad-4c2e-", True, 36),
}
OF_A_DIRECTIVE: Final = {REFERENCE: Kind("reference", "c9e5a37f-7bbe-4d3f-", True, 36)}
OF_POISON: Final = {WORD: Kind("word", "Hd9LfYg", True, 14), SLUG: Kind("slug", "gy6fldh-", True, 15)}
STEMS_OF_ITS_OWN: Final = {
    "evidence": OF_EVIDENCE,
    "poison": OF_POISON,
    "reference of a directive": OF_A_DIRECTIVE,
}
KINDS: Final = (WORD, SLUG, TAG, ZONE, REFERENCE, INSTANT, POINT, NUMBER, *YEARS)
DAYS_A_YEAR: Final = 180  # every other day: the day after one canary is no other's


@dataclass(frozen=True)
class Canary:
    """One value, where it was put, and why: `told` of a survivor, `refused` at the edge, ..."""

    core: str
    kind: Kind
    use: str
    place: str
    category: str | None = None

    @property
    def text(self) -> str:
        """Return the text to type where any text may stand."""
        return HEAD + self.core if self.kind.name == WORD.name else self.core


@dataclass
class CanaryPool:
    """Makes canaries, none twice, and remembers each."""

    chance: random.Random
    canaries: dict[str, Canary] = field(default_factory=dict)
    mute: dict[str, set[str]] = field(default_factory=dict)  # kinds of field that hold no canary, and where they are
    _numbers: dict[str, Iterator[int]] = field(default_factory=dict)

    def new(self, kind: Kind, use: str, place: str, category: str | None = None) -> Canary:
        """Return a new canary."""
        kind = STEMS_OF_ITS_OWN.get(use, {}).get(kind, kind)
        number = next(self._numbers.setdefault(kind.name, itertools.count()))
        kind = YEARS[number // DAYS_A_YEAR] if kind in YEARS else kind
        core = kind.core(number, self.chance)
        assert len(core) == kind.size, (kind, core)
        assert core not in self.canaries
        self.canaries[core] = Canary(core, kind, use, place, category)
        return self.canaries[core]

    def word(self, use: str, place: str) -> str:
        """Return the text of a new canary that is a word."""
        return self.new(WORD, use, place).text

    def slug(self, use: str, place: str) -> str:
        """Return a new canary of small letters, for addresses and headers."""
        return self.new(SLUG, use, place).core


def _word(kind: Kind, number: int, chance: random.Random) -> str:
    letters, rest = [], number
    for _ in range(4):
        rest, digit = divmod(rest, len(TAIL))
        letters.append(TAIL[digit])
    more = kind.size - len(kind.stem) - len(letters)
    return kind.stem + "".join(chance.choices(TAIL, k=more)) + "".join(letters)


def _reference(kind: Kind, number: int, chance: random.Random) -> str:
    return f"{kind.stem}8{chance.randrange(16**3):03x}-{chance.randrange(16**7):07x}{number:05x}"


def _date(kind: Kind, number: int, _: random.Random) -> str:
    return (date(int(kind.stem[:4]), 1, 1) + timedelta(days=2 * (number % DAYS_A_YEAR))).isoformat()


def _instant(kind: Kind, number: int, _: random.Random) -> str:
    return f"{kind.stem}{(number * 7919 + 100_003) % 1_000_000:06d}"


def _digits(kind: Kind, number: int, _: random.Random) -> str:
    size = kind.size - len(kind.stem)
    return f"{kind.stem}{(number * 7919 + 10_007) % (10 ** (size - 1)):0{size - 1}d}7"


MAKERS: Final[Mapping[str, Callable[[Kind, int, random.Random], str]]] = {
    "reference": _reference,
    "date": _date,
    "instant": _instant,
    "number with a point": _digits,
    "large number": _digits,
}
