"""The agency's own people by their true names; nobody of another agency is among them."""

from __future__ import annotations

from services.dashboard.desk import Desk
from services.dashboard.rows.case_rows import ColleagueListRow

MOST = 200


async def colleague_names(desk: Desk) -> dict[str, str]:
    """Return the names of up to 200 colleagues by their references; none where intake is away."""
    reply = await desk.read_if_there("intake", "/v1/colleagues", ColleagueListRow, (("limit", str(MOST)),))
    return {} if reply is None else {person.person_ref: person.name for person in reply.row.colleagues}
