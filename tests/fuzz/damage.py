"""Damage: what a broken wire, a clumsy forger and a careful one do to bytes.

Every mutant has a number. It is made of the seed, the name of its target and that number, and of nothing else:
`SEED=7 MUTANT=4711 pytest tests/fuzz/test_envelope.py -k json` makes this one again, alone.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.support.rounds import seed

MOST_TOLD: Final = 10

Blow = Callable[[bytes, Random], bytes]


class Differs(Exception):
    """A mutant was accepted, and what was read is not what was said."""


def chance(target: str, number: int) -> Random:
    """Return the chance that makes mutant `number` of a target."""
    return Random(f"{seed()}/{target}/{number}")  # noqa: S311 - it has to come again, not to surprise


@dataclass
class Tally:
    """How a target stood: what it refused, what it read as it was meant, and what is wrong."""

    tried: int = 0
    same: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return self.tried - self.same - len(self.wrong)


def attack(target: str, count: int, make: Callable[[Random], Any], accepts: Callable[[Any], bool]) -> Tally:
    """Try `count` mutants. `accepts` tells whether one was read as it was meant, and raises for anything else."""
    tally = Tally()
    for number in _numbers(count):
        mutant = make(chance(target, number))
        tally.tried += 1
        try:
            tally.same += accepts(mutant)
        except Exception as fault:  # whatever is not the documented refusal
            tally.wrong.append(f"{target} mutant {number} of SEED={seed()}: {type(fault).__name__}: {fault}")
    assert not tally.wrong, "\n".join(tally.wrong[:MOST_TOLD])
    return tally


def _numbers(count: int) -> Iterator[int]:
    only = os.environ.get("MUTANT")
    return iter(range(count)) if only is None else iter([int(only)])


def damaged(raw: bytes, by: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return `raw` after one to three blows; `others` are what it may be spliced with."""
    for _ in range(by.choice((1, 1, 1, 2, 3))):
        raw = spliced(raw, by.choice(others), by) if others and by.random() < 0.1 else by.choice(BLOWS)(raw, by)
    return raw


def spliced(first: bytes, other: bytes, by: Random) -> bytes:
    """Return the beginning of `first` and the end of `other`."""
    return first[: by.randint(0, len(first))] + other[by.randint(0, len(other)) :]


def flipped(raw: bytes, by: Random) -> bytes:
    """Return `raw` with one bit turned."""
    if not raw:
        return b"\x00"
    place = by.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ 1 << by.randrange(8)]) + raw[place + 1 :]


def _set(raw: bytes, by: Random) -> bytes:
    place = by.randint(0, len(raw))
    return raw[:place] + bytes([by.choice((0, 1, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0xFF))]) + raw[place + 1 :]


def _cut(raw: bytes, by: Random) -> bytes:
    start, stop = _span(raw, by)
    return raw[:start] + raw[stop:]


def _truncated(raw: bytes, by: Random) -> bytes:
    return raw[: by.randint(0, len(raw))]


def _doubled(raw: bytes, by: Random) -> bytes:
    start, stop = _span(raw, by)
    return raw[:stop] + raw[start:]


def _blanked(raw: bytes, by: Random) -> bytes:
    start, stop = _span(raw, by)
    return raw[:start] + bytes(stop - start) + raw[stop:]


def _swollen(raw: bytes, by: Random) -> bytes:
    place = by.randint(0, len(raw))
    return raw[:place] + by.randbytes(by.randint(1, 16)) + raw[place:]


def _swapped(raw: bytes, by: Random) -> bytes:
    start, stop = _span(raw, by)
    middle = by.randint(start, stop)
    return raw[:start] + raw[middle:stop] + raw[start:middle] + raw[stop:]


def _span(raw: bytes, by: Random) -> tuple[int, int]:
    start = by.randint(0, len(raw))
    return start, by.randint(start, min(len(raw), start + 32))


BLOWS: Final[tuple[Blow, ...]] = (flipped, flipped, _set, _cut, _truncated, _doubled, _blanked, _swollen, _swapped)
