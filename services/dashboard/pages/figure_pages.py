"""The list behind each of the coordinator's figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from runtime.http.problems import Absent
from schemas.codes import ReferralState
from services.dashboard.code_words import words
from services.dashboard.desk import AtDesk, Desk
from services.dashboard.language import mark, translate
from services.dashboard.navigation import BOARD
from services.dashboard.rows.figure_rows import FollowedListRow, FollowedRow, chosen
from services.dashboard.session_auth import session_router

SOON: Final = timedelta(hours=2)
MOST_ROWS: Final = 2_000  # as many as the figures count
GROUPS: Final = {
    "sent": mark("Sent"),
    "accepted": mark("Accepted"),
    "declined": mark("Declined"),
    "open": mark("Open"),
    "overdue": mark("Overdue"),
    **{f"state-{state}": words(state) for state in ReferralState},
}

routes = session_router(BOARD)


@routes.get("/followed/{group}")
async def show_followed(desk: AtDesk, group: str, agency: str = "") -> Response:
    """Show the followed referrals that a figure counts, of all agencies or of those sent to one."""
    if group not in GROUPS or not desk.may("board:read"):
        raise Absent
    rows = await _followed(desk)
    selected = None if rows is None else chosen(rows, group, agency)
    parties = {ref for row in selected or () for ref in (row.from_agency_ref, row.to_agency_ref)}
    names = await desk.agency_names(parties)
    return desk.page(
        "board/followed.html",
        status=503 if selected is None else 200,
        title=translate(GROUPS[group]),
        agency=names.get(agency, ""),
        of_one=bool(agency),
        again=f"{desk.current_path}?agency={agency}" if agency else desk.current_path,
        rows=selected,
        names=names,
        soon=SOON,
        board=BOARD,
    )


async def _followed(desk: Desk) -> list[FollowedRow] | None:
    """Return the referrals that this person follows, None where they cannot be had."""
    rows: list[FollowedRow] = []
    cursor = ""
    while len(rows) < MOST_ROWS:
        query = (("direction", "followed"), ("limit", "200"), *([("cursor", cursor)] if cursor else []))
        reply = await desk.read_if_there("referrals", "/v1/referrals", FollowedListRow, query)
        if reply is None:
            return None
        rows += reply.row.referrals
        if reply.cursor is None:
            break
        cursor = reply.cursor
    return rows[:MOST_ROWS]
