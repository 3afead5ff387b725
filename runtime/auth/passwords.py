"""Passphrases: hashed with argon2id, and tried no faster than a person types."""

from __future__ import annotations

import asyncio
import math
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from runtime import clock

LONGEST = 1024  # characters of a passphrase
LONGEST_NAME = 64  # characters
FREE_TRIES = 5
LONGEST_WAIT_SECONDS = 300.0
FREE_TRIES_OF_NAME = 200
HOUR_SECONDS = 3600.0
MOST_NAMES = 50_000
AT_ONCE = 2  # each takes 64 MiB for a moment

_HASHER = PasswordHasher()
K = TypeVar("K")
V = TypeVar("V")


def hash_passphrase(passphrase: str) -> str:
    """Return the argon2id hash to keep in `register.person.passphrase_hash`."""
    return _HASHER.hash(_one_spelling(passphrase))


class LoginThrottled(Exception):
    """This name was tried too often from there; `seconds` tells when to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too soon")
        self.seconds = seconds


class LoginThrottle:
    """Tries by name and origin, whether or not anybody bears the name: five are free, then each wait doubles.

    A success ends the waiting of its origin.  All other origins together have `FREE_TRIES_OF_NAME` tries at a name in
    an hour; an origin from which it succeeded before is not held by those, so no stranger keeps its bearer out.
    """

    def __init__(self, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._hours: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._succeeded_before: OrderedDict[tuple[str, str], None] = OrderedDict()

    def take(self, name: str, origin: str) -> None:
        """Count a try, or refuse one that comes too soon after the last; raises `LoginThrottled`."""
        # Counted before it is judged: tries made side by side are tries too.
        key, now = (name[:LONGEST_NAME], origin), self._monotonic()
        count, last = self._counts.get(key, (0, 0.0))
        wait = min(2.0 ** (count - FREE_TRIES), LONGEST_WAIT_SECONDS) - (now - last) if count >= FREE_TRIES else 0.0
        if wait > 0:
            raise LoginThrottled(math.ceil(wait))
        if key not in self._succeeded_before:
            self._take_of_name(key[0], now)
        _keep(self._counts, key, (count + 1, now))

    def succeeded(self, name: str, origin: str) -> None:
        """Forget the tries of a name from there, and remember that it succeeded from there."""
        key = (name[:LONGEST_NAME], origin)
        self._counts.pop(key, None)
        _keep(self._succeeded_before, key, None)

    def _take_of_name(self, name: str, now: float) -> None:
        count, since = self._hours.get(name, (0, now))
        if now - since >= HOUR_SECONDS:
            count, since = 0, now
        if count >= FREE_TRIES_OF_NAME:
            raise LoginThrottled(math.ceil(min(since + HOUR_SECONDS - now, LONGEST_WAIT_SECONDS)))
        _keep(self._hours, name, (count + 1, since))


def origin_of(host: str) -> str:
    """Return where a request comes from, for counting: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else host


def _keep(entries: OrderedDict[K, V], key: K, value: V) -> None:
    entries[key] = value
    entries.move_to_end(key)
    while len(entries) > MOST_NAMES:
        entries.popitem(last=False)


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
