"""Entering: from a token to a unit whose agency and person the register knows.

A system may name the person for whom it asks.  It keeps its own scopes; what it asks for is then judged, and put on
record, as that person's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from runtime import clock
from runtime.auth import on_behalf
from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import Role, scopes_of
from runtime.auth.tokens import NotVerified
from runtime.database.engine import one_session
from runtime.database.hot_path import fetch_all
from runtime.database.unit_of_work import UnitOfWork
from runtime.http.app_state import AppState
from runtime.http.problems import ClaimRefused, Unauthenticated
from runtime.register.agencies import read_agency
from runtime.telemetry.tracing import traceparent_now

# One round trip: the wall of row level security goes up for this transaction, and who asks is looked up.
ENTER = """
SELECT set_config('accord.agency', a.agency_id, true), a.kind, a.flags, a.purposes,
    p.name AS person_name, p.roles, c.client_id{more}
FROM register.agency AS a
LEFT JOIN register.person AS p ON p.person_ref = %s AND p.agency_id = a.agency_id AND p.active
LEFT JOIN register.client AS c ON c.client_id = %s AND c.agency_id = a.agency_id AND c.active
WHERE a.agency_id = %s AND a.active
"""
ENTER_AS_ONESELF = ENTER.format(more="")
ENTER_FOR_A_PERSON = ENTER.format(more=", c.public_jwk")


class _PrincipalRow(NamedTuple):  # the name and the roles are there for a person, the client for a system
    wall: str
    kind: str
    flags: list[str]
    purposes: list[str]
    person_name: str | None
    roles: list[str] | None
    client_id: str | None
    public_jwk: dict[str, Any] | None = None  # there where a system names a person


async def authenticate(connection: HTTPConnection, app_state: AppState) -> Principal:
    """Return whom the bearer token names, or refuse; nothing else of the request is looked at."""
    headers = connection.headers.getlist("authorization")
    if len(headers) != 1:
        raise Unauthenticated
    scheme, _, token = headers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    try:
        return await app_state.tokens.verify(token)
    except NotVerified:
        raise Unauthenticated from None


@dataclass(frozen=True, slots=True)
class OnBehalfClaim:
    """For whom a system says that it asks; proven by nobody until the register gives the system's key."""

    signed: str = field(repr=False)
    person_ref: str


def claim_of(connection: HTTPConnection, principal: Principal) -> OnBehalfClaim | None:
    """Return the claim that goes with a request, or None; refuse one that is malformed, or that a person sends."""
    header = connection.headers.get(on_behalf.HEADER)
    if header is None:
        return None
    if principal.kind is not Kind.SYSTEM:
        raise ClaimRefused
    try:
        return OnBehalfClaim(header, on_behalf.person_named(header))
    except NotVerified:
        raise ClaimRefused from None


@asynccontextmanager
async def unit_of_work_for(
    app_state: AppState, principal: Principal, claim: OnBehalfClaim | None = None, *, stop: bool = False
) -> AsyncIterator[UnitOfWork]:
    """Open the one transaction of a unit for `principal`; whoever entered it commits, else it rolls back.

    A stop's is on a connection that nothing else uses.

    Refuses an agency, a person or a client that the register does not hold as active at this moment, and a claim
    that the client did not sign or that names nobody of its agency, alike.
    """
    async with one_session(app_state.sessions_for_stops if stop else app_state.sessions) as session:
        row = await _look_up(session, principal, claim)
        if claim is not None:
            _check(claim, principal, row, app_state.audience)
        # The roles of now bound what the token says: a role that was taken away ends at once.
        system = principal.kind is Kind.SYSTEM
        roles = [Role.SYSTEM] if system else row.roles or ()
        yield UnitOfWork(
            session=session,
            agency=read_agency(principal.agency_id, row.kind, row.flags, row.purposes),
            actor=principal.actor if claim is None else claim.person_ref,
            keys=app_state.keys,
            kind=principal.kind,
            person_ref=principal.person_ref if claim is None else claim.person_ref,
            person_name=row.person_name or "",
            client=None if claim is None else principal.subject,
            scopes=principal.scopes & scopes_of(roles),
            traceparent=traceparent_now(),
        )


async def _look_up(session: AsyncSession, principal: Principal, claim: OnBehalfClaim | None) -> _PrincipalRow:
    system = principal.kind is Kind.SYSTEM
    statement = ENTER_AS_ONESELF if claim is None else ENTER_FOR_A_PERSON
    person = principal.person_ref if claim is None else claim.person_ref
    # ADR 0033: looked up at each request, so that who was removed is nobody at once, whatever token is still good.
    rows = await fetch_all(session, statement, person, principal.subject if system else None, principal.agency_id)
    row = _PrincipalRow(*rows[0]) if rows else None
    if row is None or (row.client_id if system else row.person_name) is None:
        raise Unauthenticated
    return row


def _check(claim: OnBehalfClaim, principal: Principal, row: _PrincipalRow, audience: str) -> None:
    """Refuse a claim; the signature is tried first, so that whether there is such a person takes no time to tell."""
    try:
        on_behalf.check(claim.signed, principal.subject, row.public_jwk or {}, audience=audience, now=clock.utcnow())
    except NotVerified:
        raise ClaimRefused from None
    if row.person_name is None:
        raise ClaimRefused
