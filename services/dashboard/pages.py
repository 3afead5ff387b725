"""The pages: signing in and out, the board, and the list behind each number."""

from __future__ import annotations

from hmac import compare_digest
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from runtime.auth.tokens import NotVerified
from runtime.http.problems import Absent, Forbidden, Problem, Unauthenticated
from services.dashboard import board, session_auth
from services.dashboard.domain import tiles_for
from services.dashboard.form_parser import check_own_page, fields_of, form_of
from services.dashboard.issuer import NoBoard, SignInDenied
from services.dashboard.session_auth import HOME, Anybody, DashboardState, SessionUser, SignedIn, session_router
from services.dashboard.session_secret import SessionSecret
from services.dashboard.templates import STYLE, page

SIGNED_IN = f"{HOME}/signed-in"
SIGN_OUT = f"{HOME}/sign-out"
BOARD = f"{HOME}/board"

routes = session_router("")


@routes.get(HOME)
async def welcome(_: Anybody) -> Response:
    """Say what this is, and where to sign in."""
    return page("welcome.html")


@routes.get(f"{HOME}/board.css")
async def style(_: Anybody) -> Response:
    """Return the one stylesheet."""
    return Response(STYLE, media_type="text/css")


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
    answer = page("continue.html", place=BOARD)
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
    tile_counts = await board.count_all(house.reach, tiles_for(visit.scopes, visit.agency.kind), visit.token)
    return page("board.html", tiles=tile_counts, place=BOARD, **_frame(visit))


@routes.get(f"{BOARD}/{{name}}")
async def show_list(name: str, request: Request, visit: SignedIn) -> Response:
    """Show the list behind a number; a list that is not on this person's board is absent."""
    house: DashboardState = request.app.state.house
    opened = await board.open_named(house.reach, tiles_for(visit.scopes, visit.agency.kind), name, visit.token)
    if opened is None:
        raise Absent
    status = 200 if opened.listing is not None else 503
    return page("list.html", status=status, opened=opened, board=BOARD, **_frame(visit))


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


def _frame(visit: SessionUser) -> dict[str, Any]:
    return {"visit": visit, "sign_out": SIGN_OUT, "form_token": visit.secret.csrf_token(SIGN_OUT)}
