"""Single keys: what they do, and the one switch that turns them off (WCAG 2.2, 2.1.4)."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from runtime.http.problems import Absent
from services.dashboard.cookies import KEYS_COOKIE
from services.dashboard.desk import AtDesk, see_other
from services.dashboard.language import mark
from services.dashboard.session_auth import HOME, session_router

PLACE: Final = f"{HOME}/keys"
KEYS: Final = (
    ("j", mark("Next row of a list")),
    ("k", mark("Row before")),
    ("Enter", mark("Open the row")),
    ("x", mark("Tick the row, where rows can be ticked")),
    ("a", mark("The main act of the page")),
    ("f", mark("Filters")),
    ("/", mark("Search")),
    ("?", mark("This page")),
)

routes = session_router(PLACE)


@routes.get("")
async def show_keys(desk: AtDesk) -> Response:
    """Show what each key does, and whether they are on."""
    return desk.page("session/keys.html", keys_listed=KEYS)


@routes.get("/{state}")
async def switch_keys(state: str, desk: AtDesk) -> Response:
    """Turn the keys on or off for this browser, until it is closed."""
    if state not in ("on", "off"):
        raise Absent
    answer = see_other(PLACE, "saved")
    secure = desk.house.cookies.secure
    answer.set_cookie(KEYS_COOKIE, state, path="/", secure=secure, httponly=True, samesite="lax")
    return answer
