"""Leaves on their way into the tree: they commit with their effect, the sequencer does the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Header, commitment, new_salt, seal_hash
from kernel.sealing.detail import Details
from runtime.database.arrays import Column, byteas, uuids
from runtime.database.hot_path import execute

APPEND = """
INSERT INTO ledger.pending (header, salt, detail, subject)
SELECT * FROM unnest(CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS uuid[]))
"""


@dataclass(slots=True)  # final, not frozen: mypy refuses a write, and making one costs a third
class Leaf:
    """One line for the ledger, with the salted, sealed detail that its header commits to."""

    header: Final[bytes]
    salt: Final[bytes] = field(repr=False)
    detail: Final[bytes | None] = field(repr=False)
    subject: Final[UUID | None]


_pseudonym = lru_cache(1024)(UUID)  # of one subject, there are several leaves at a time


def leaf(detail: Mapping[str, Any], details: Details | None, **header_fields: Any) -> Leaf:
    """Return the leaf whose header has these fields of `kernel.ledger.entry.Header`.

    The detail is sealed with the others of its case; without a case (nobody's was meant) only its commitment is kept.
    """
    salt = new_salt()
    sealed = None if details is None else details.seal(detail)
    header = Header(commitment=commitment(salt, detail).hex(), sealed=seal_hash(salt, sealed).hex(), **header_fields)
    return Leaf(header.body(), salt, sealed, None if header.subject is None else _pseudonym(header.subject))


def columns(leaves: Sequence[Leaf]) -> tuple[Column, ...]:
    """Return the leaves as the array parameters of a statement: headers, salts, details, subjects."""
    return (
        byteas([leaf.header for leaf in leaves]),
        byteas([leaf.salt for leaf in leaves]),
        byteas([leaf.detail for leaf in leaves]),
        uuids([leaf.subject for leaf in leaves]),
    )


async def append(session: AsyncSession, leaves: Sequence[Leaf]) -> None:
    """Put the leaves on record with the transaction; nothing else of it may be shown before the commit."""
    if leaves:
        await execute(session, APPEND, *columns(leaves))
