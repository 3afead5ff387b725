"""Leaves on their way into the tree: they commit with their effect, the sequencer does the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.ledger.entry import Header, commitment, new_salt
from kernel.vault.detail import seal_detail
from runtime.database.arrays import Column, byteas, uuids
from runtime.database.direct import written

APPEND = """
INSERT INTO ledger.pending (header, salt, detail, subject)
SELECT * FROM unnest(CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS bytea[]), CAST(%s AS uuid[]))
"""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line for the ledger, with the salted, sealed detail that its header commits to."""

    header: bytes
    salt: bytes = field(repr=False)
    detail: bytes | None = field(repr=False)
    subject: UUID | None


def leaf(detail: Mapping[str, Any], case_key: bytes | None, **says: Any) -> Leaf:
    """Return the leaf whose header `says` what `kernel.ledger.entry.Header` has fields for.

    The detail is sealed under the case key; without one (nobody's case was meant) only its commitment is kept.
    """
    salt = new_salt()
    header = Header(commitment=commitment(salt, detail).hex(), **says)
    sealed = None if case_key is None else seal_detail(case_key, detail)
    return Leaf(header.body(), salt, sealed, None if header.subject is None else UUID(header.subject))


def columns(leaves: Sequence[Leaf]) -> tuple[Column, ...]:
    """Return the leaves as the array parameters of a statement: headers, salts, details, subjects."""
    return (
        byteas([one.header for one in leaves]),
        byteas([one.salt for one in leaves]),
        byteas([one.detail for one in leaves]),
        uuids([one.subject for one in leaves]),
    )


async def append(session: AsyncSession, leaves: Sequence[Leaf]) -> None:
    """Put the leaves on record with the transaction; nothing else of it may be shown before the commit."""
    if leaves:
        await written(session, APPEND, *columns(leaves))
