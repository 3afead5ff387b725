"""No way in without a scope or a session but for the few that are named here."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import BaseRoute

from runtime.http.transactional_route import TransactionalRoute
from services.dashboard.session_auth import Anybody, SessionRoute, SignedIn, session_router
from services.dashboard.templates import UI

FOR_ANYBODY = {
    "/",
    "/app",
    f"{UI}/{{name}}",
    "/app/sign-in",
    "/app/signed-in",
    "/app/language/{name}",
    "/app/{rest:path}",
}
OF_THE_PROCESS = {"/healthz", "/readyz", "/openapi.json"}


def routes_of(routes: list[BaseRoute]) -> Iterator[Any]:
    """Walk all routes, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from [route] if inner is None else routes_of(inner.routes)


def test_every_route_takes_a_scope_or_a_session(settled: FastAPI) -> None:
    by_scope, by_session, by_nothing = set(), set(), set()
    for route in routes_of(settled.routes):
        if isinstance(route, TransactionalRoute):
            by_scope.add((route.path, str(route.required_scope.scope)))
        elif isinstance(route, SessionRoute) and route.entrance.session:
            by_session.add(route.path)
        else:
            by_nothing.add(route.path)

    assert by_scope == {("/v1/board", "board:read"), ("/v1/board/{name}", "board:read")}
    assert {"/app/board", "/app/board/{name}", "/app/cases", "/app/live", "/app/sign-out"} <= by_session
    assert by_nothing == FOR_ANYBODY | OF_THE_PROCESS


def test_a_route_without_a_session_requirement_is_refused() -> None:
    pages = session_router("")

    async def open_to_the_street() -> Response:
        return Response()

    async def through_two_doors(_: SignedIn, __: Anybody) -> Response:
        return Response()

    for page in (open_to_the_street, through_two_doors):
        with pytest.raises(TypeError, match="exactly one entrance"):
            pages.get("/app/new")(page)
