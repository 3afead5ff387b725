"""Passphrases: hashed with argon2id, and tried no faster than a person types."""

from __future__ import annotations

import asyncio
import math
import unicodedata
from collections import OrderedDict
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from runtime import clock

LONGEST = 1024
LONGEST_NAME = 64
FREE_TRIES = 5
LONGEST_WAIT = 300.0
MOST_NAMES = 50_000
AT_ONCE = 2  # each takes 64 MiB for a moment

_HASHER = PasswordHasher()


def hash_passphrase(passphrase: str) -> str:
    """Return the argon2id hash to keep in `register.person.passphrase_hash`."""
    return _HASHER.hash(_one_spelling(passphrase))


class TooSoon(Exception):
    """This name was tried too often; `seconds` tells when to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too soon")
        self.seconds = seconds


class Tries:
    """Tries by name, whether or not anybody bears it: five are free, then each wait doubles, until one succeeds."""

    def __init__(self, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._made: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count a try, or refuse one that comes too soon after the last."""
        # Counted before it is judged: tries made side by side are tries too.
        name = name[:LONGEST_NAME]
        count, last = self._made.get(name, (0, 0.0))
        now = self._monotonic()
        wait = min(2.0 ** (count - FREE_TRIES), LONGEST_WAIT) - (now - last) if count >= FREE_TRIES else 0.0
        if wait > 0:
            raise TooSoon(math.ceil(wait))
        self._made[name] = (count + 1, now)
        self._made.move_to_end(name)
        while len(self._made) > MOST_NAMES:
            self._made.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the tries of a name."""
        self._made.pop(name[:LONGEST_NAME], None)


class Passphrases:
    """Compares passphrases with hashes, taking as long for a name that nobody bears."""

    def __init__(self) -> None:
        self._nobody = _HASHER.hash("nobody's passphrase")
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def match(self, passphrase: str, hashed: str | None) -> bool:
        """Tell whether `passphrase` is the one that was hashed; None for nobody is never matched."""
        async with self._turns:
            same = await asyncio.to_thread(_same, hashed or self._nobody, passphrase)
        return same and hashed is not None


def _same(hashed: str, passphrase: str) -> bool:
    try:
        return _HASHER.verify(hashed, _one_spelling(passphrase))
    except (Argon2Error, InvalidHashError):
        return False


def _one_spelling(passphrase: str) -> str:
    # The same passphrase may be composed differently by two keyboards (RFC 8265).
    return unicodedata.normalize("NFC", passphrase)[:LONGEST]
