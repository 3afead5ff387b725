"""The pages around a session: the start, signing in and out, the language, and the files that pages are drawn with."""

from __future__ import annotations

from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from runtime.auth.tokens import NotVerified
from runtime.http.middleware import IMMUTABLE
from runtime.http.problems import Absent, Forbidden, Problem, Unauthenticated
from services.dashboard import language, session_auth
from services.dashboard.form_parser import fields_of
from services.dashboard.issuer import NoBoard, SignInDenied
from services.dashboard.navigation import first_page
from services.dashboard.places import own_page, with_query
from services.dashboard.session_auth import (
    HOME,
    SIGN_OUT,
    Anybody,
    DashboardState,
    SessionUser,
    SignedIn,
    session_router,
)
from services.dashboard.session_secret import SessionSecret
from services.dashboard.templates import UI, page
from services.dashboard.ui_files import FILES

SIGNED_IN = f"{HOME}/signed-in"
SIGN_IN = f"{HOME}/sign-in"

routes = session_router("")


@routes.get("/")
async def front_door(_: Anybody) -> Response:
    """Lead to the start."""
    return RedirectResponse(HOME, status_code=303)


@routes.get(HOME)
async def welcome(request: Request, _: Anybody) -> Response:
    """Say what this is, and where to sign in."""
    params = request.query_params
    to = own_page(params.get("to"))
    sign_in = SIGN_IN if to is None else with_query(SIGN_IN, to=to)
    left = params.get("left", "")
    return page("session/welcome.html", trial=request.app.state.house.trial, left=left, sign_in=sign_in)


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


@routes.get(SIGN_IN)
async def begin_sign_in(request: Request, _: Anybody) -> Response:
    """Send the browser to the issuer, with a cookie that alone can use what comes back."""
    house: DashboardState = request.app.state.house
    secret = SessionSecret.new()
    answer = RedirectResponse(await house.issuer.sign_in_address(secret), status_code=303)
    house.cookies.begin_sign_in(answer, secret)
    to = own_page(request.query_params.get("to"))
    if to is None:
        house.cookies.forget_place(answer)
    else:
        house.cookies.keep_place(answer, to)
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
    user, session = await _session_for(request, house, params["code"], secret)
    place = house.cookies.place(request) or first_page(user.scopes)
    answer = page("session/continue.html", trial=house.trial, place=place)
    house.cookies.begin_session(answer, session)
    house.cookies.forget_place(answer)
    return answer


@routes.get(f"{HOME}/session")
async def time_left(visit: SignedIn) -> Response:
    """Say for how long the session goes on; asked by a person, this is a use of it like any other."""
    return JSONResponse({"idle": visit.left.idle, "whole": visit.left.whole})


@routes.get(SIGN_OUT)
async def sign_out(request: Request, visit: SignedIn) -> Response:
    """End the session; its row is gone with the answer.

    A link, not a form: it does no harm to be signed out, and the cookie comes with no request from another site.
    """
    house: DashboardState = request.app.state.house
    await session_auth.end_session(request.app.state.app_state, visit.secret)
    answer = RedirectResponse(HOME, status_code=303)
    house.cookies.end_session(answer)
    return answer


@routes.get(f"{HOME}/language/{{name}}")
async def choose_language(name: str, request: Request, _: Anybody) -> Response:
    """Show pages in another language from now on, until the browser is closed."""
    if name not in language.LANGUAGES:
        raise Absent
    house: DashboardState = request.app.state.house
    answer = RedirectResponse(HOME, status_code=303)
    answer.set_cookie(language.COOKIE, name, path="/", secure=house.cookies.secure, httponly=True, samesite="lax")
    return answer


async def _session_for(
    request: Request, house: DashboardState, code: str, secret: SessionSecret
) -> tuple[SessionUser, SessionSecret]:
    """Return who signed in, and the secret of the session that begins; the browser's former session ends."""
    app_state = request.app.state.app_state
    try:
        granted = await house.issuer.signed_in(code, secret)
        user = await session_auth.session_user_for(app_state, secret, granted)
    except NoBoard:
        raise Forbidden from None
    except (SignInDenied, NotVerified, Unauthenticated):
        raise Problem("malformed_request") from None
    former = house.cookies.session(request)
    if former is not None:
        await session_auth.end_session(app_state, former)
    return user, await session_auth.begin_session(app_state, granted, user)
