"""The people of the asker's own agency."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.http import Cursor, FieldError, Invalid, Limit, require_scope, router
from runtime.http.pagination import link_next
from runtime.http.sealed_cursors import sealed, unsealed
from services.intake import staff
from services.intake.responses import ColleagueResponse, ColleaguesResponse

NAME = "colleagues"
MayReadColleagues = Annotated[UnitOfWork, Depends(require_scope("colleagues:read"))]

routes = router("/v1/colleagues")


@routes.get("", response_model=ColleaguesResponse)
async def list_colleagues(
    request: Request, unit: MayReadColleagues, answer: Response, cursor: Cursor = None, limit: Limit = 50
) -> ColleaguesResponse:
    """List the people who work at the asker's own agency now, by name; it is nobody's case, and leaves no leaf."""
    behind = ("", "") if cursor is None else await unsealed(unit, NAME, cursor)
    if behind is None:
        raise Invalid([FieldError("query.cursor", "malformed")])
    rows = await staff.colleagues_of(unit.session, unit.agency_id, (behind[0], behind[1]), limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    link_next(request, answer, await sealed(unit, NAME, page[-1].name, page[-1].person_ref) if more else None)
    return ColleaguesResponse(colleagues=[ColleagueResponse.of(row) for row in page])
