"""Authentication of pages: a session, where API routes ask for a token.

A page has no transaction of its own.  The session is read in one that is over before the page is made, so
that no row stays locked while other services are asked; whoever signed in is looked up in the register each time,
as at the edge, so that who has left, or lost a role, is out with the next click.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kernel.consent import Agency
from runtime.auth.principal import Kind
from runtime.auth.tokens import NotVerified
from runtime.http.app_state import AppState
from runtime.http.authentication import unit_of_work_for
from runtime.http.client_address import client_address
from runtime.http.error_mapping import problem_of
from runtime.http.problems import Absent, Unauthenticated
from services.dashboard import store, templates
from services.dashboard.case_gate import ColleaguesCase, reason_address
from services.dashboard.cookies import KEYS_COOKIE, Cookies
from services.dashboard.issuer import Issuer, SignInDenied, TokenSet
from services.dashboard.language import language_of, speaking
from services.dashboard.local_clock import LocalClock
from services.dashboard.navigation import navigation_for
from services.dashboard.places import nearest, own_page, page_of
from services.dashboard.service_client import ServiceClient
from services.dashboard.session_secret import NotUnsealed, SessionSecret
from services.dashboard.store import TimeLeft

HOME = "/app"
SIGN_OUT = f"{HOME}/sign-out"
BACKGROUND = "accord-background"  # header of what a page asks by itself, while nobody may sit before it
SESSION_OVER = format_sse_event(event="gone", data_str="{}")
WHOLE: Final = TimeLeft(900, 28_800)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Done = Callable[[], Coroutine[Any, Any, None]]  # of `request.state`: what follows once a form was carried out


class NotSignedIn(Exception):
    """No session goes on for this browser; `reason` says why the one is over that it shows, where it shows one."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DashboardState:
    """What the pages need besides the process's wiring; `request.app.state.house`."""

    address: str
    reach: ServiceClient
    issuer: Issuer
    cookies: Cookies
    trial: bool  # whether every person in it is made up: the development profile


@dataclass(frozen=True, slots=True)
class SessionUser:
    """A person who is signed in, known to the register at this moment, with a token for other services."""

    secret: SessionSecret = field(repr=False)
    token: str = field(repr=False)
    person_ref: str
    person_name: str
    agency: Agency
    agency_name: str
    scopes: frozenset[str]
    clock: LocalClock
    left: TimeLeft
    place: int = 0  # of the last change of the agency that this page may show


class RequireSession:
    """A dependency that says whether a page needs a session; a page names exactly one."""

    def __init__(self, *, session: bool) -> None:
        self.session = session

    async def __call__(self, request: Request) -> SessionUser | None:
        """Return the signed-in user, or None at a page that needs no session."""
        visit: SessionUser | None = getattr(request.state, "visit", None)
        return visit


signed_in = RequireSession(session=True)
anybody = RequireSession(session=False)
SignedIn = Annotated[SessionUser, Depends(signed_in)]
Anybody = Annotated[None, Depends(anybody)]


class SessionRoute(APIRoute):
    """A page's route: it requires a session or none, and answers an error with a page."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        entrances = session_requirements(self.dependant)
        if len(entrances) != 1:
            raise TypeError(f"{path}: a page names exactly one entrance in its signature")
        self.entrance = entrances[0]

    @property
    def is_page(self) -> bool:
        """Tell whether a session can be shown something at its address."""
        return self.entrance.session and "GET" in (self.methods or ())

    def get_route_handler(self) -> Handler:
        """Return the handler of a request, with authentication around it."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            house: DashboardState = request.app.state.house
            with speaking(language_of(request)):
                try:
                    return await self._admit(request, handler)
                # The second: a service no longer takes the token that the session has.
                except (NotSignedIn, Unauthenticated) as over:
                    away = _to_start(request, over.reason if isinstance(over, NotSignedIn) else "out")
                    if _is_page_load(request):  # else the page that follows could not say why
                        house.cookies.end_session(away)
                    return away
                except RequestValidationError:
                    # No link of ours leads to such an address; what it holds is not repeated.
                    return templates.problem_page(Absent(), trial=house.trial, **_frame_if_signed_in(request))
                except Exception as error:
                    if isinstance(error, ColleaguesCase):
                        return _to(request, reason_address(request, error.case_ref))
                    problem = problem_of(error)
                    return templates.problem_page(problem, trial=house.trial, **_frame_if_signed_in(request))

        return handle

    async def _admit(self, request: Request, handler: Handler) -> Response:
        """Answer a request within the limits of its address, signed in where the page needs it."""
        app_state: AppState = request.app.state.app_state
        house: DashboardState = request.app.state.house
        # By address: a cookie is whatever a browser sends, and each new one would be a new client.
        address = client_address(request, app_state.trusted_proxies)
        app_state.rate_limiter.acquire((address, request.method, self.path_format))
        async with app_state.concurrency_limits.of(address):
            if self.entrance.session:
                used, secret = not is_background(request), house.cookies.session(request)
                request.state.visit = await load_session(app_state, house, secret, used=used)
            response = await handler(request)
            done: Done | None = getattr(request.state, "done", None)
            if done is not None and response.status_code == 303:
                await done()
            return response


def session_router(prefix: str) -> APIRouter:
    """Return a router of pages that authenticate by session; they are no part of the API's description."""
    return APIRouter(prefix=prefix, route_class=SessionRoute, include_in_schema=False, default_response_class=Response)


def session_requirements(dependant: Dependant) -> list[RequireSession]:
    """Return the entrances that a page names."""
    own = [dependant.call] if isinstance(dependant.call, RequireSession) else []
    return own + [requirement for part in dependant.dependencies for requirement in session_requirements(part)]


async def load_session(
    app_state: AppState, house: DashboardState, secret: SessionSecret | None, *, used: bool = True
) -> SessionUser:
    """Return the user whose session the cookie's secret opens; raises `NotSignedIn`.

    The idle time goes on where the session was not `used`: a page asked by itself.
    """
    if secret is None:
        raise NotSignedIn
    try:
        granted, left = await _granted(app_state, house.issuer, secret, used)
        return await session_user_for(app_state, secret, granted, left)
    except (NotVerified, Unauthenticated, NotUnsealed, SignInDenied):
        await end_session(app_state, secret)
        raise NotSignedIn("out") from None


async def session_user_for(
    app_state: AppState, secret: SessionSecret, granted: TokenSet, left: TimeLeft = WHOLE
) -> SessionUser:
    """Return the user whom the tokens name, as the register has them now; raises `NotVerified` or `Unauthenticated`."""
    principal = await app_state.tokens.verify(granted.access)
    if principal.kind is not Kind.PERSON:
        raise Unauthenticated
    async with unit_of_work_for(app_state, principal) as unit:
        now = await store.agency_now(unit.session, unit.agency_id)
        person = (unit.person_ref or "", unit.person_name)
        return SessionUser(
            secret, granted.access, *person, unit.agency, now.name, unit.scopes, now.clock, left, now.place
        )


def frame_of(request: Request, visit: SessionUser) -> dict[str, Any]:
    """Return what the frame around a signed-in person's page is made from, by the templates' names."""
    return {
        "visit": visit,
        "navigation": navigation_for(visit.scopes, request.url.path),
        "sign_out": SIGN_OUT,
        "keys_on": request.cookies.get(KEYS_COOKIE) != "off",
    }


def _frame_if_signed_in(request: Request) -> dict[str, Any]:
    visit: SessionUser | None = getattr(request.state, "visit", None)
    return {} if visit is None else frame_of(request, visit)


def is_background(request: Request) -> bool:
    """Tell whether a script sent the request by itself: it does not prove that anybody is present."""
    return BACKGROUND in request.headers or "text/event-stream" in request.headers.get("accept", "")


def _is_page_load(request: Request) -> bool:
    """Tell whether the browser shows the answer as a page, so no script sent the request (W3C, Fetch Metadata)."""
    by_script = is_background(request) or "hx-request" in request.headers
    return not by_script and request.headers.get("sec-fetch-mode", "navigate") == "navigate"


def _to_start(request: Request, reason: str) -> Response:
    """Return the answer that leads to the start, and from there back, or that ends a stream.

    Its address says why the session is over, and which page it was: never more than the address of that said.
    """
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response(SESSION_OVER, media_type="text/event-stream")
    if "hx-request" in request.headers:
        current = urlsplit(request.headers.get("hx-current-url", ""))
        page = own_page(f"{current.path}?{current.query}" if current.query else current.path)
    else:
        page = own_page(page_of(request) if request.method == "GET" else _page_of_form(request))
    return _to(request, start_address(reason, page))


def _page_of_form(request: Request) -> str:
    """Return the address of the page that a form was sent from: its own, or the nearest above it that is a page."""
    routes = [context.original_route for context in iter_route_contexts(request.app.routes)]
    patterns = [route.path_regex for route in routes if isinstance(route, SessionRoute) and route.is_page]
    return nearest(request.url.path, patterns)


def _to(request: Request, place: str) -> Response:
    """Return the answer that leads to a place: the whole page, where a script asked for a part of it."""
    if "hx-request" in request.headers:
        return Response(headers={"HX-Redirect": place})
    return RedirectResponse(place, status_code=303)


def start_address(reason: str, page: str | None) -> str:
    """Return the address of the start for whoever was signed out while at a page."""
    params = {name: value for name, value in (("left", reason), ("to", page)) if value}
    return f"{HOME}?{urlencode(params)}" if params else HOME


async def begin_session(app_state: AppState, granted: TokenSet, user: SessionUser) -> SessionSecret:
    """Keep a new session of this person with these tokens and return the secret for its cookie."""
    secret = SessionSecret.new()
    async with app_state.sessions() as session:
        person = store.SignedInPerson(user.agency.agency_id, user.person_ref)
        await store.begin(session, secret.digest, person, secret.seal(granted.packed()), granted.seconds)
        await session.commit()
    return secret


async def end_session(app_state: AppState, secret: SessionSecret) -> None:
    """Forget the session, if there is one."""
    async with app_state.sessions() as session:
        await store.end(session, secret.digest)
        await session.commit()


async def _granted(app_state: AppState, issuer: Issuer, secret: SessionSecret, used: bool) -> tuple[TokenSet, TimeLeft]:
    """Return the session's tokens, new ones where they are worn out, and its time.

    The row is locked, so two tabs renew once.
    """
    async with app_state.sessions() as session:
        stored = await store.touch(session, secret.digest, used=used)
        if stored is None:
            raise NotSignedIn(await store.why_over(session, secret.digest))
        granted = TokenSet.unpacked(secret.unseal(stored.sealed))
        if stored.worn:
            granted = await issuer.renewed(granted)
            await store.renew(session, secret.digest, secret.seal(granted.packed()), granted.seconds)
        await session.commit()
    return granted, stored.left
