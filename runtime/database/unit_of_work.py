"""One unit of work: who asks, in which transaction, with which keys at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kernel.consent import Agency, ConsentTable, Reason, Request
from runtime.auth.principal import Kind
from runtime.keyring import Keyring
from schemas.codes import Purpose


@dataclass(slots=True)
class UnitOfWork:
    """What a route or an effect works with: one transaction, one agency, one person or system.

    `kind` tells who asks.  An agency's system may say for which person it does; a service of ours, that works for an
    agency while nobody reads what it does, asks for none.

    `ended` turns true when `disclosure.open` has committed; whoever owns the transaction then leaves it alone.
    `refused` turns true when a door gave less than was asked: how long that took must not tell why.
    `deadline` is when what was seen through a door may no longer be given, by the clock that never goes back.
    `created` is the reference of what a write made, by which a repeat of the write finds it.
    `repeated` turns true when a write is answered by what there is now, as it was done before.
    """

    session: AsyncSession
    agency: Agency
    actor: str  # a person's reference, or "system:" and the client or service
    keys: Keyring = field(repr=False)
    kind: Kind = Kind.SYSTEM  # whoever forgets to say so asks as the one that is told least
    person_ref: str | None = None  # who asks, or for whom a system does
    person_name: str = ""
    client: str | None = None  # the system that asks for a person
    scopes: frozenset[str] = frozenset()
    traceparent: str | None = None
    ended: bool = False
    refused: bool = False
    deadline: float | None = None
    created: UUID | None = None
    repeated: bool = False

    @property
    def agency_id(self) -> str:
        """Return the agency on whose behalf this unit works."""
        return self.agency.agency_id

    @property
    def unnamed(self) -> bool:
        """Tell whether this is an agency's system that does not say for whom it asks."""
        return self.kind is Kind.SYSTEM and self.person_ref is None

    @property
    def asker(self) -> dict[str, str]:
        """Return who asks, as the detail of a leaf says it, and through which system."""
        return {"person": self.actor} | ({} if self.client is None else {"through": self.client})

    def request(self, custodian: Agency, purpose: Purpose | None, requested_mask: int, party: bool = True) -> Request:
        """Return what this unit asks of a custodian, as the decision takes it."""
        return Request(self.agency, custodian, purpose, requested_mask, self.person_ref, party, unnamed=self.unnamed)

    def hidden(self, table: ConsentTable) -> Reason | None:
        """Return why the survivor hides everything from whoever asks, or None where that is not so."""
        return table.hidden_from(self.agency_id, self.person_ref, unnamed=self.unnamed)
