"""The page for every address that is no page's; its routes come last."""

from __future__ import annotations

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.session_auth import HOME, Anybody, session_router

routes = session_router("")


@routes.api_route(f"{HOME}/{{rest:path}}", methods=["GET", "POST"])
async def no_such_page(_: Anybody) -> Response:
    """Say that there is no such page."""
    raise Absent
