"""The pages: signing in and out, the board, and the list behind each number."""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runtime.auth.tokens import NotVerified
from runtime.http.app_state import AppState
from runtime.http.middleware import IMMUTABLE
from runtime.http.problems import Absent, Forbidden, Problem, Unauthenticated
from services.dashboard import board, session_auth, store
from services.dashboard.board import OpenedTile
from services.dashboard.domain import Tile, tiles_for
from services.dashboard.form_parser import check_own_page, fields_of, form_of
from services.dashboard.issuer import NoBoard, SignInDenied
from services.dashboard.session_auth import HOME, Anybody, DashboardState, SessionUser, SignedIn, session_router
from services.dashboard.session_secret import SessionSecret
from services.dashboard.templates import UI, page
from services.dashboard.ui_files import FILES

SIGNED_IN = f"{HOME}/signed-in"
SIGN_OUT = f"{HOME}/sign-out"
BOARD = f"{HOME}/board"

routes = session_router("")


@routes.get("/")
async def front_door(_: Anybody) -> Response:
    """Lead to the start."""
    return RedirectResponse(HOME, status_code=303)


@routes.get(HOME)
async def welcome(request: Request, _: Anybody) -> Response:
    """Say what this is, and where to sign in."""
    return page("welcome.html", trial=request.app.state.house.trial)


@routes.get(f"{UI}/{{name}}")
async def ui_file(name: str, request: Request, _: Anybody) -> Response:
    """Return a file that pages are drawn with, compressed where the browser says that it reads that."""
    file = FILES.get(name)
    if file is None:
        raise Absent
    headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=headers)


@routes.get(f"{HOME}/sign-in")
async def begin_sign_in(request: Request, _: Anybody) -> Response:
    """Send the browser to the issuer, with a cookie that alone can use what comes back."""
    house: DashboardState = request.app.state.house
    secret = SessionSecret.new()
    answer = RedirectResponse(await house.issuer.sign_in_address(secret), status_code=303)
    house.cookies.begin_sign_in(answer, secret)
    return answer


@routes.get(SIGNED_IN)
async def finish_sign_in(request: Request, _: Anybody) -> Response:
    """Begin a session for whoever the issuer names.

    The answer is a page, not a redirect: what follows a redirect from the issuer counts as coming from there, and a
    strict cookie is not sent with that.
    """
    house: DashboardState = request.app.state.house
    secret = house.cookies.sign_in(request)
    params = fields_of(request.scope.get("query_string", b""))
    if secret is None or not compare_digest(params.get("state", "").encode(), secret.state.encode()):
        raise Problem("malformed_request")
    # Another issuer's answer, mixed up with ours, would carry that one's name (RFC 9207).
    if params.get("iss", house.issuer.address) != house.issuer.address or "code" not in params:
        raise Problem("malformed_request")
    session = await _session_for(request, house, params["code"], secret)
    answer = page("continue.html", trial=house.trial, place=BOARD)
    house.cookies.begin_session(answer, session)
    return answer


@routes.post(SIGN_OUT)
async def sign_out(request: Request, visit: SignedIn) -> Response:
    """End the session; its row is gone with the answer."""
    house: DashboardState = request.app.state.house
    check_own_page(request, house.address)
    if not visit.secret.verify_csrf_token((await form_of(request)).get("token", ""), SIGN_OUT):
        raise Forbidden
    await session_auth.end_session(request.app.state.app_state, visit.secret)
    answer = RedirectResponse(HOME, status_code=303)
    house.cookies.end_session(answer)
    return answer


@routes.get(BOARD)
async def show_board(request: Request, visit: SignedIn) -> Response:
    """Show the numbers of this person's day."""
    house: DashboardState = request.app.state.house
    tiles = tiles_for(visit.scopes, visit.agency.kind)
    tile_counts = await board.count_all(house.reach, tiles, visit.token)
    calm = board.all_answered(tile_counts)
    return page("board.html", tiles=tile_counts, calm=calm, place=BOARD, **_frame(house, visit, tiles, BOARD))


@routes.get(f"{BOARD}/{{name}}")
async def show_list(name: str, request: Request, visit: SignedIn) -> Response:
    """Show the list behind a number; a list that is not on this person's board is absent."""
    house: DashboardState = request.app.state.house
    tiles = tiles_for(visit.scopes, visit.agency.kind)
    opened = await board.open_named(house.reach, tiles, name, visit.token)
    if opened is None:
        raise Absent
    here = f"{BOARD}/{name}"
    agencies = await _agency_names(request.app.state.app_state, opened)
    status = 200 if opened.listing is not None else 503
    frame = _frame(house, visit, tiles, here)
    return page("list.html", status=status, opened=opened, agencies=agencies, board=BOARD, here=here, **frame)


@routes.api_route(f"{HOME}/{{rest:path}}", methods=["GET", "POST"])
async def no_such_page(_: Anybody) -> Response:
    """Say that there is no such page."""
    raise Absent


async def _session_for(request: Request, house: DashboardState, code: str, secret: SessionSecret) -> SessionSecret:
    app_state = request.app.state.app_state
    try:
        granted = await house.issuer.signed_in(code, secret)
        await session_auth.session_user_for(app_state, secret, granted)
    except NoBoard:
        raise Forbidden from None
    except (SignInDenied, NotVerified, Unauthenticated):
        raise Problem("malformed_request") from None
    former = house.cookies.session(request)
    if former is not None:
        await session_auth.end_session(app_state, former)
    return await session_auth.begin_session(app_state, granted)


async def _agency_names(app_state: AppState, opened: OpenedTile) -> dict[str, str]:
    """Return the names of the agencies in the rows that a service gave this person, and of no others."""
    items = () if opened.listing is None else opened.listing.items
    async with app_state.sessions() as session:
        return await store.agency_names(session, {item.agency for item in items if item.agency})


def _frame(house: DashboardState, visit: SessionUser, tiles: Sequence[Tile], here: str) -> dict[str, Any]:
    """Return what the frame of a signed-in person's page shows; `here` is the address of the page."""
    places = {BOARD: "Board"} | {f"{BOARD}/{tile.name}": tile.name.capitalize() for tile in tiles}
    return {
        "trial": house.trial,
        "visit": visit,
        "clock": visit.clock,
        "navigation": [{"href": href, "text": text, "current": href == here} for href, text in places.items()],
        "sign_out": SIGN_OUT,
        "form_token": visit.secret.csrf_token(SIGN_OUT),
    }
