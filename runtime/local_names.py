"""Names that an agency gives to what is its own: sealed for it alone, and found again by an index it alone can compute.

The key of an agency's names is random, wrapped under that agency's own key, and unwrapped for one request.  So whoever
reads the tables, or holds another agency's key, learns no name and cannot test a guess of one.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import TextClause

from kernel.sealing.detail import padded
from kernel.sealing.keys import Wrapping, derive, new_key, unwrap
from runtime.database.unit_of_work import UnitOfWork
from runtime.keyring import Keyring

SEALED: Final = "local name"
INDEXED: Final = "local name index"


class LocalNames:
    """The names of one agency, while its key is at hand."""

    __slots__ = ("_index_key", "_seal_key")

    def __init__(self, key: bytes) -> None:
        self._seal_key = derive(key, SEALED)
        self._index_key = derive(key, INDEXED)

    def seal(self, ref: UUID, name: str) -> bytes:
        """Return the name of `ref` closed, padded so that its length tells little; no other place opens it."""
        return Wrapping(self._seal_key).wrap(padded({"name": name}), ref.bytes)

    def unseal(self, ref: UUID, sealed: bytes) -> str:
        """Return the name of `ref`; raises `kernel.sealing.envelope.NotOpenable` where anything differs."""
        return str(from_json(unwrap(self._seal_key, sealed, ref.bytes))["name"])

    def index(self, name: str) -> bytes:
        """Return by what a name is found, however it is written (HMAC-SHA-256 of `normalised`)."""
        return hmac.digest(self._index_key, normalised(name).encode(), "sha256")


def normalised(name: str) -> str:
    """Return the name without what people write differently: case, width, accents put together, blanks (NFKC)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


async def new_wrapped_key(keys: Keyring, agency_id: str) -> bytes:
    """Return a fresh key for the agency's names, wrapped under its own key."""
    return await keys.wrap(agency_id, new_key(), _context(agency_id))


async def local_names(keys: Keyring, agency_id: str, wrapped_key: bytes) -> LocalNames:
    """Return the agency's names by their wrapped key; raises `kernel.sealing.NotOpenable` for another's."""
    return LocalNames(await keys.unwrap(agency_id, wrapped_key, _context(agency_id)))


@dataclass(frozen=True, slots=True)
class NameKeyTable:
    """Where a service keeps the wrapped key of each agency's names.

    `read` returns the key of `:agency`; `add` keeps `:key` for it, unless another was kept before.
    """

    read: TextClause
    add: TextClause

    async def names(self, unit: UnitOfWork) -> LocalNames | None:
        """Return the names of the asker's agency, or None where it has no key yet."""
        wrapped = (await unit.session.execute(self.read, {"agency": unit.agency_id})).scalar_one_or_none()
        return None if wrapped is None else await local_names(unit.keys, unit.agency_id, bytes(wrapped))

    async def names_to_write(self, unit: UnitOfWork) -> LocalNames:
        """Return the agency's names with their key, made for the first; of two made at once, one is kept."""
        names = await self.names(unit)
        if names is not None:
            return names
        offered = await new_wrapped_key(unit.keys, unit.agency_id)
        await unit.session.execute(self.add, {"agency": unit.agency_id, "key": offered})
        names = await self.names(unit)
        if names is None:
            raise LookupError("the agency's key of names was not kept")
        return names


def _context(agency_id: str) -> bytes:
    return f"accord local names {agency_id}".encode()
