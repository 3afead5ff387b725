"""Cursors that tell nothing: the place in a list, sealed, so that nobody reads or names what is hidden before it.

A cursor says no time, no number and no reference of a row that its holder may not see, and nobody can make one for a
row of which they only know the reference.  The same place has the same cursor: two answers about the same list are
alike to the byte.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database.unit_of_work import UnitOfWork
from runtime.http.problems import FieldError, Invalid

KEY = text("SELECT key FROM carrying.cursor_key")
_keys: WeakKeyDictionary[Engine, AESSIV] = WeakKeyDictionary()


async def sealed(unit: UnitOfWork, name: str, *place: str | int) -> str:
    """Return the cursor of a place in the agency's list of this name."""
    written = json.dumps(place, separators=(",", ":")).encode()
    body = (await _key(unit.session)).encrypt(written, _of(unit, name))
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


async def unsealed(unit: UnitOfWork, name: str, cursor: str) -> tuple[Any, ...] | None:
    """Return the place of a cursor that `sealed` made for this agency's list of this name; None for any other."""
    try:
        body = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return tuple(json.loads((await _key(unit.session)).decrypt(body, _of(unit, name))))
    except (ValueError, InvalidTag):
        return None


async def unsealed_place(unit: UnitOfWork, name: str, cursor: str) -> tuple[datetime, UUID]:
    """Return the instant and reference that a list goes on behind; raises `Invalid` for a cursor of another list."""
    place = await unsealed(unit, name, cursor)
    if place is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    return datetime.fromisoformat(place[0]), UUID(place[1])


def _of(unit: UnitOfWork, name: str) -> list[bytes]:
    return [name.encode(), unit.agency_id.encode()]


async def _key(session: AsyncSession) -> AESSIV:
    bound = session.sync_session.get_bind().engine
    if bound not in _keys:
        _keys[bound] = AESSIV(bytes((await session.execute(KEY)).scalar_one()))
    return _keys[bound]
