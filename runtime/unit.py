"""One unit of work: who asks, in which transaction, with which keys at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency
from runtime.keys import Keyring


@dataclass(slots=True)
class Unit:
    """What a route or an effect works with: one transaction, one agency, one person or system.

    `ended` turns true when `disclosure.open` has committed; whoever owns the transaction then leaves it alone.
    `refused` turns true when a door gave less than was asked: how long that took must not tell why.
    `deadline` is when what was seen through a door may no longer be given, by the clock that never goes back.
    `made` is the reference of what a write made, by which a repeat of the write finds it.
    `repeated` turns true when a write is answered by what there is now, as it was done before.
    """

    session: AsyncSession
    agency: Agency
    actor: str  # a person's reference, or "system:" and the client or service
    keys: Keyring = field(repr=False)
    person_ref: str | None = None
    person_name: str = ""
    scopes: frozenset[str] = frozenset()
    traceparent: str | None = None
    ended: bool = False
    refused: bool = False
    deadline: float | None = None
    made: UUID | None = None
    repeated: bool = False

    @property
    def agency_id(self) -> str:
        """Return the agency on whose behalf this unit works."""
        return self.agency.agency_id
