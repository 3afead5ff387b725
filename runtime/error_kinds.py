"""Which faults pass by themselves, so that waiting is right, and which will come again with every try."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes: 08 connection, 53 out of resources, 57P the server stops or starts, 58 its disk;
# 25006 is a primary that became a replica.
AWAY: Final = ("08", "53", "57P", "58", "25006")
# 40 serialisation and deadlock, 55P03 no lock in time, 57014 cancelled by a timeout, 25P04 ended as it took too long.
CONTENDED: Final = ("40", "55P03", "57014", "25P04")


class Fault(StrEnum):
    """What to do about an error."""

    AWAY = "away"  # something we need is not there: wait, however long
    CONTENDED = "contended"  # somebody was in the way: try again, a few times
    LASTING = "lasting"  # trying again changes nothing


class TryAgain(Exception):
    """Raised by an effect that needs something which is away just now."""


def fault(error: BaseException) -> Fault:
    """Return what kind of fault this is; what is not known to pass is taken to last."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, PoolTimeout | TryAgain | ConnectionError | TimeoutError | asyncio.TimeoutError):
        return Fault.AWAY
    return Fault.LASTING


def name(error: BaseException) -> str:
    """Return what a log may say of an error: its class and the server's code, never its text."""
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}:{_sqlstate(error) or 'none'}"
    return type(error).__name__


def _of_database(error: DBAPIError) -> Fault:
    state = _sqlstate(error)
    if state.startswith(CONTENDED):
        return Fault.CONTENDED
    if state.startswith(AWAY) or error.connection_invalidated:
        return Fault.AWAY
    # A connection that could not be made or that broke has no code of the server's.
    broken = not state and isinstance(error, OperationalError | InterfaceError)
    return Fault.AWAY if broken else Fault.LASTING


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
