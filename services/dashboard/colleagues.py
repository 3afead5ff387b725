"""The agency's own people by their true names; nobody of another agency is among them."""

from __future__ import annotations

from runtime.auth.scopes import Scope, scopes_of
from services.dashboard.desk import Desk
from services.dashboard.rows.case_rows import ColleagueListRow, ColleagueRow

MOST = 200


async def colleague_names(desk: Desk) -> dict[str, str]:
    """Return the names of up to 200 colleagues by their references; none where intake is away."""
    return {person.person_ref: person.name for person in await _colleagues(desk)}


async def answering_colleagues(desk: Desk) -> dict[str, str]:
    """Return the names of those of up to 200 colleagues whose role answers referrals; none where intake is away."""
    return await _colleagues_with(desk, Scope.REFERRALS_ANSWER)


async def working_colleagues(desk: Desk) -> dict[str, str]:
    """Return the names of those of up to 200 colleagues whose role does tasks; none where intake is away."""
    return await _colleagues_with(desk, Scope.TASKS_WRITE)


async def _colleagues_with(desk: Desk, scope: Scope) -> dict[str, str]:
    return {person.person_ref: person.name for person in await _colleagues(desk) if scope in scopes_of(person.roles)}


async def _colleagues(desk: Desk) -> tuple[ColleagueRow, ...]:
    reply = await desk.read_if_there("intake", "/v1/colleagues", ColleagueListRow, (("limit", str(MOST)),))
    return () if reply is None else reply.row.colleagues


async def signing_colleagues(desk: Desk) -> tuple[str, ...]:
    """Return the names of those of up to 200 others whose role may confirm an opening; none where intake is away."""
    return tuple(
        person.name
        for person in await _colleagues(desk)
        if person.person_ref != desk.visit.person_ref and Scope.DIRECTIVES_SIGN in scopes_of(person.roles)
    )
