"""Whom the register knows, read anew at every sign-in: who joins needs nothing restarted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import Role, scopes_of

PERSON = text("""
SELECT p.person_ref, p.agency_id, p.name, p.roles, p.passphrase_hash
FROM register.person AS p JOIN register.agency AS a USING (agency_id)
WHERE p.person_ref = :person_ref AND p.active AND a.active
""")
CLIENT = text("""
SELECT c.client_id, c.agency_id, c.public_jwk
FROM register.client AS c JOIN register.agency AS a USING (agency_id)
WHERE c.client_id = :client_id AND c.active AND a.active
""")


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a system that the register holds as active, and what proves them."""

    principal: Principal
    passphrase_hash: str | None = field(default=None, repr=False)
    public_jwk: Any = None


class Register:
    """Looks people and systems up."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def person(self, person_ref: str) -> Account | None:
        """Return the active person of an active agency, or None."""
        async with self._sessions() as session:
            row = (await session.execute(PERSON, {"person_ref": person_ref})).one_or_none()
        if row is None:
            return None
        roles = frozenset(row.roles)
        principal = Principal(
            row.person_ref, row.agency_id, Kind.PERSON, row.person_ref, row.name, scopes_of(roles), roles
        )
        return Account(principal, passphrase_hash=row.passphrase_hash)

    async def client(self, client_id: str) -> Account | None:
        """Return the active client of an active agency, or None."""
        async with self._sessions() as session:
            row = (await session.execute(CLIENT, {"client_id": client_id})).one_or_none()
        if row is None:
            return None
        roles = frozenset({str(Role.SYSTEM)})
        principal = Principal(row.client_id, row.agency_id, Kind.SYSTEM, None, "", scopes_of(roles), roles)
        return Account(principal, public_jwk=row.public_jwk)
