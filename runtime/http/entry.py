"""Entering: from a token to a unit whose agency and person the register knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from runtime.access.principal import Kind, Principal
from runtime.access.scopes import Role, scopes_of
from runtime.access.tokens import NotVerified
from runtime.database.direct import rows
from runtime.database.engine import one_session
from runtime.http.problems import Unauthenticated
from runtime.http.wiring import Wiring
from runtime.register.agencies import read_agency
from runtime.telemetry.tracing import traceparent_now
from runtime.unit import Unit

# One round trip: the wall of row level security goes up for this transaction, and who asks is looked up.
ENTER = """
SELECT set_config('accord.agency', a.agency_id, true), a.kind, a.flags, a.purposes,
    p.name AS person_name, p.roles, c.client_id
FROM register.agency AS a
LEFT JOIN register.person AS p ON p.person_ref = %s AND p.agency_id = a.agency_id AND p.active
LEFT JOIN register.client AS c ON c.client_id = %s AND c.agency_id = a.agency_id AND c.active
WHERE a.agency_id = %s AND a.active
"""


class _Entered(NamedTuple):  # the name and the roles are there for a person, the client for a system
    wall: str
    kind: str
    flags: list[str]
    purposes: list[str]
    person_name: str
    roles: list[str]
    client_id: str | None


async def authenticate(connection: HTTPConnection, wiring: Wiring) -> Principal:
    """Return whom the bearer token names, or refuse; nothing else of the request is looked at."""
    given = connection.headers.getlist("authorization")
    if len(given) != 1:
        raise Unauthenticated
    scheme, _, token = given[0].partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    try:
        return await wiring.tokens.verify(token)
    except NotVerified:
        raise Unauthenticated from None


@asynccontextmanager
async def entered(wiring: Wiring, principal: Principal) -> AsyncIterator[Unit]:
    """Open the one transaction of a unit for `principal`; whoever entered it commits, else it rolls back.

    Refuses an agency, a person or a client that the register does not hold as active at this moment.
    """
    async with one_session(wiring.sessions) as session:
        row = await _look_up(session, principal)
        # The roles of now bound what the token says: a role that was taken away ends at once.
        system = principal.kind is Kind.SYSTEM
        roles = [Role.SYSTEM] if system else row.roles
        yield Unit(
            session=session,
            agency=read_agency(principal.agency_id, row.kind, row.flags, row.purposes),
            actor=principal.actor,
            keys=wiring.keys,
            person_ref=principal.person_ref,
            person_name="" if system else row.person_name,
            scopes=principal.scopes & scopes_of(roles),
            traceparent=traceparent_now(),
        )


async def _look_up(session: AsyncSession, principal: Principal) -> _Entered:
    system = principal.kind is Kind.SYSTEM
    person, client = (None, principal.subject) if system else (principal.person_ref, None)
    found = await rows(session, ENTER, person, client, principal.agency_id)
    row = _Entered(*found[0]) if found else None
    if row is None or (row.client_id if system else row.person_name) is None:
        raise Unauthenticated
    return row
