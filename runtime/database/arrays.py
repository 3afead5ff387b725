"""Columns of values as PostgreSQL takes arrays in binary.

The driver writes lists as text, element by element: for the rows of one offer that cost more than sealing them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_HEAD: Final = struct.Struct("!iiiii").pack  # dimensions, whether there are nulls, element type, length, first index
_LENGTH: Final = struct.Struct("!i").pack
_BIGINT: Final = struct.Struct("!iq").pack
_SMALLINT: Final = struct.Struct("!ih").pack
_NULL: Final = _LENGTH(-1)
_UUID: Final = _LENGTH(16)
_BOOLEANS: Final = {False: _LENGTH(1) + b"\x00", True: _LENGTH(1) + b"\x01"}


class Column(bytes):
    """An array as it goes to the server."""


class Uuids(Column):
    """A column of type uuid."""


class Texts(Column):
    """A column of type text."""


class Byteas(Column):
    """A column of type bytea."""


class Bigints(Column):
    """A column of type bigint."""


class Smallints(Column):
    """A column of type smallint."""


class Booleans(Column):
    """A column of type boolean."""


class Instants(Column):
    """A column of type timestamptz."""


C = TypeVar("C", bound=Column)
# The numbers of the types, of one element and of the array: the same in every PostgreSQL.
_TYPES: Final[dict[type[Column], tuple[int, int]]] = {
    Booleans: (16, 1000),
    Byteas: (17, 1001),
    Bigints: (20, 1016),
    Smallints: (21, 1005),
    Texts: (25, 1009),
    Instants: (1184, 1185),
    Uuids: (2950, 2951),
}


def uuids(values: Iterable[UUID | None]) -> Uuids:
    """Return the values as one parameter of type uuid[]."""
    return _encode_array(Uuids, [_NULL if value is None else _UUID + value.bytes for value in values])


def texts(values: Iterable[str]) -> Texts:
    """Return the values as one parameter of type text[]."""
    written = [value.encode() for value in values]
    return _encode_array(Texts, [_LENGTH(len(value)) + value for value in written])


def byteas(values: Iterable[bytes | None]) -> Byteas:
    """Return the values as one parameter of type bytea[]."""
    return _encode_array(Byteas, [_NULL if value is None else _LENGTH(len(value)) + value for value in values])


def bigints(values: Iterable[int]) -> Bigints:
    """Return the values as one parameter of type bigint[]."""
    return _encode_array(Bigints, [_BIGINT(8, value) for value in values])


def smallints(values: Iterable[int]) -> Smallints:
    """Return the values as one parameter of type smallint[]."""
    return _encode_array(Smallints, [_SMALLINT(2, value) for value in values])


def booleans(values: Iterable[bool]) -> Booleans:
    """Return the values as one parameter of type boolean[]."""
    return _encode_array(Booleans, [_BOOLEANS[value] for value in values])


def instants(values: Iterable[datetime]) -> Instants:
    """Return the values as one parameter of type timestamptz[]."""
    return _encode_array(Instants, [_BIGINT(8, (value - _EPOCH) // _MICROSECOND) for value in values])


def _encode_array(kind: type[C], elements: list[bytes]) -> C:
    element, _ = _TYPES[kind]
    head = _HEAD(1, _NULL in elements, element, len(elements), 1)
    return kind(head + b"".join(elements))


class _Ready(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        return obj


for _kind, (_, _array) in _TYPES.items():
    psycopg.adapters.register_dumper(_kind, type(f"_{_kind.__name__}", (_Ready,), {"oid": _array}))
