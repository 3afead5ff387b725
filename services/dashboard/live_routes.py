"""The stream of one open page, as server-sent events: that something changed, never what.

An event says its place in the agency's feed, the case by its code where the page shows one, and the address to ask
again.  The page asks, through the door, as the person who reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import Request
from starlette.responses import Response

from runtime.http.connections import ON_SHUTDOWN
from runtime.http.problems import Forbidden, Problem
from services.dashboard.domain import case_code
from services.dashboard.form_parser import fields_of
from services.dashboard.live_feed import LiveEvent, LiveFeed, Stream
from services.dashboard.session_auth import HOME, SessionUser, SignedIn, session_router

LIVE: Final = f"{HOME}/live"
RETRY_MILLISECONDS: Final = 250
_PLACE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
# No buffer on the way, or an event would wait for the next ones.
HEADERS: Final = {"X-Accel-Buffering": "no"}

routes = session_router("")


@asynccontextmanager
async def keep_live(app: FastAPI) -> AsyncIterator[None]:
    """Keep the live feed of a process for as long as its application lives: `app.state.live`."""
    app.state.live = LiveFeed(app.state.app_state.sessions)
    try:
        yield
    finally:
        await app.state.live.stop()


def live_address(visit: SessionUser, case_ref: UUID | None = None) -> str:
    """Return where the page that is being made for a person hears of changes from now on: of any case, or of one.

    A case is named with a proof that this session was shown it.
    """
    params = {"since": str(visit.place)}
    if case_ref is not None:
        params |= {"case": str(case_ref), "token": visit.secret.csrf_token(_action(case_ref))}
    return f"{LIVE}?{urlencode(params)}"


@routes.get(LIVE)
async def listen(request: Request, visit: SignedIn) -> Response:
    """Send events to an open page, until the browser leaves, the session ends, or it is time to come again."""
    live: LiveFeed = request.app.state.live
    stream = _stream(request, visit)
    request.scope.get(ON_SHUTDOWN, []).append(stream.close)
    live.check_room()

    async def body() -> AsyncIterator[bytes]:
        yield format_sse_event(retry=RETRY_MILLISECONDS, comment="live")
        async with live.open(stream) as events:
            async for event in events:
                yield _written(event, stream)

    return EventSourceResponse(body(), headers=HEADERS)


def _stream(request: Request, visit: SessionUser) -> Stream:
    params = fields_of(request.scope.get("query_string", b""))
    place = request.headers.get("last-event-id") or params.get("since", str(visit.place))
    if _PLACE.fullmatch(place) is None:
        raise Problem("malformed_request")
    stream = Stream(visit.agency.agency_id, visit.person_ref, visit.secret.digest, int(place))
    if "case" in params:
        stream.case_ref = _case_of(params["case"], params.get("token", ""), visit)
    return stream


def _case_of(text: str, token: str, visit: SessionUser) -> UUID:
    """Return the case that a page shows; raises `Forbidden` where this session was not shown it."""
    try:
        case_ref = UUID(text)
    except ValueError:
        raise Forbidden from None
    if not visit.secret.verify_csrf_token(token, _action(case_ref)):
        raise Forbidden
    return case_ref


def _action(case_ref: UUID) -> str:
    return f"live {case_ref}"


def _written(event: LiveEvent | None, stream: Stream) -> bytes:
    if event is None:
        return format_sse_event(comment="live")
    return format_sse_event(event=event.name, data_str=json.dumps(_data(event, stream)), id=str(event.place))


def _data(event: LiveEvent, stream: Stream) -> dict[str, str]:
    if event.name == "case" and stream.case_ref is not None:
        return {"case": case_code(stream.case_ref), "href": f"{HOME}/cases/{stream.case_ref}"}
    return {"href": f"{HOME}/board"} if event.name == "board" else {}
