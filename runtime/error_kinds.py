"""Which faults pass by themselves, so that waiting is right, and which will come again with every try."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes: 08 connection, 53 out of resources, 57P the server stops or starts, 58 its disk;
# 25006 is a primary that became a replica.
UNAVAILABLE_STATES: Final = ("08", "53", "57P", "58", "25006")
# 40 serialisation and deadlock, 55P03 no lock in time, 57014 cancelled by a timeout, 25P03 ended while it stood idle,
# 25P04 ended as it took too long.
CONFLICT_STATES: Final = ("40", "55P03", "57014", "25P03", "25P04")


class ErrorKind(StrEnum):
    """What to do about an error."""

    UNAVAILABLE = "away"  # something we need is not there: wait, however long
    CONFLICT = "contended"  # somebody was in the way: try again, a few times
    PERMANENT = "lasting"  # trying again changes nothing


class DependencyUnavailable(Exception):
    """Raised by an effect that needs something which is away just now."""


def classify(error: BaseException) -> ErrorKind:
    """Return what kind of fault this is; what is not known to pass is taken to last."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, PoolTimeout | DependencyUnavailable | ConnectionError | TimeoutError | asyncio.TimeoutError):
        return ErrorKind.UNAVAILABLE
    return ErrorKind.PERMANENT


def safe_error_name(error: BaseException) -> str:
    """Return what a log may say of an error: its class and the server's code, never its text."""
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}:{sqlstate(error) or 'none'}"
    return type(error).__name__


def _of_database(error: DBAPIError) -> ErrorKind:
    state = sqlstate(error)
    if state.startswith(CONFLICT_STATES):
        return ErrorKind.CONFLICT
    if state.startswith(UNAVAILABLE_STATES) or error.connection_invalidated:
        return ErrorKind.UNAVAILABLE
    # A connection that could not be made or that broke has no code of the server's.
    broken = not state and isinstance(error, OperationalError | InterfaceError)
    return ErrorKind.UNAVAILABLE if broken else ErrorKind.PERMANENT


def sqlstate(error: BaseException) -> str:
    """Return the server's code (SQLSTATE, ISO/IEC 9075) where the error is one of the database's, else nothing."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""
