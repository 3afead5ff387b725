"""Putting a service's routes behind the edge."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from runtime import failpoints
from runtime.auth.tokens import Tokens, fetching
from runtime.database.engine import engine, sessions
from runtime.http.app_state import AppState
from runtime.http.concurrency_limits import BodyReadLimits, ConcurrencyLimits
from runtime.http.health import Check, Readiness, database_check, health
from runtime.http.middleware import RequestMiddleware
from runtime.http.openapi.document import describe, methods_at
from runtime.http.problems import Absent, Problem, problem_response
from runtime.http.rate_limit import RateLimiter
from runtime.http.validation_errors import field_names, validation_problem
from runtime.keyring import keyring_from
from runtime.settings import ProcessSettings, Profile
from runtime.telemetry.logs import described

log = logging.getLogger(__name__)

Around = Callable[[FastAPI], AbstractAsyncContextManager[None]]

# Nothing of FastAPI's own telemetry but the server span: its logs carry exceptions with their text.
TELEMETRY: TelemetryConfig = {
    "tracing": True,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def application(
    settings: ProcessSettings,
    routers: Sequence[APIRouter],
    *,
    readiness: Mapping[str, Check] | None = None,
    around: Around | None = None,
    app_state: AppState | None = None,
) -> FastAPI:
    """Return the service's application; it connects to nothing before it starts.

    `readiness` adds checks to `/readyz`; `around` is what else lives as long as the application; `app_state` replaces
    the state made from the settings.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.app_state = app_state or await stack.enter_async_context(app_state_from(settings))
            checks = {"database": database_check(app.state.app_state.sessions_for_stops), **(readiness or {})}
            app.state.readiness = Readiness(checks)
            if around is not None:
                await stack.enter_async_context(around(app))
            _compile_routes(app)
            yield

    app = problem_application(
        f"Accord {settings.service.replace('_', ' ')}",
        described=settings.profile is Profile.DEVELOPMENT,
        lifespan=lifespan,
    )
    app.include_router(health(lambda: app.state.readiness))
    for router in routers:
        app.include_router(router)
    return app


def problem_application(
    title: str,
    *,
    described: bool = False,
    lifespan: Around | None = None,
) -> FastAPI:
    """Return a bare application within the guard: whatever fails, the answer is a problem that echoes nothing.

    Strangers read its description at `/openapi.json` only where it is `described`.
    """
    app = FastAPI(
        title=title,
        docs_url=None,
        openapi_url="/openapi.json" if described else None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=None if lifespan is None else _logging_startup_failure(lifespan),
        generate_unique_id_function=lambda route: route.name,
        telemetry=TELEMETRY,
    )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.add_middleware(RequestMiddleware)
    _answer_problems(app)
    return app


def _compile_routes(app: FastAPI) -> None:
    # FastAPI compiles a router when the first request comes by it, and all others wait for that: some tens of ms.
    nowhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(dict(nowhere))


def _logging_startup_failure(lifespan: Around) -> Around:
    @asynccontextmanager
    async def logged_lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(lifespan(app))
            except Exception as error:
                log.critical("startup_failed", extra={"log_fields": described(error)})
                raise
            yield

    return logged_lifespan


@asynccontextmanager
async def app_state_from(settings: ProcessSettings) -> AsyncIterator[AppState]:
    """Make the connections of a process, and close them at its end."""
    failpoints.arm(settings)
    keys = keyring_from(settings)
    bound = engine(settings.database, pool_size=settings.database_pool, service=settings.service)
    for_stops = engine(settings.database, pool_size=settings.reserved_for_stops, service=settings.service)
    async with fetching(settings.issuer, insecure=settings.profile is Profile.DEVELOPMENT) as fetch:
        tokens = Tokens(settings.issuer, settings.audience, fetch, longest=settings.max_token_lifetime_seconds)
        try:
            yield AppState(
                sessions(bound),
                tokens,
                keys,
                RateLimiter(settings.rate_limit_per_second, settings.rate_limit_burst),
                settings.audience,
                concurrency_limits_from(settings),
                BodyReadLimits(settings.max_requests_per_client),
                sessions(for_stops),
                settings.trusted_proxies,
            )
        finally:
            await bound.dispose()
            await for_stops.dispose()


def concurrency_limits_from(settings: ProcessSettings) -> ConcurrencyLimits:
    """Return the places that the settings name."""
    return ConcurrencyLimits(
        settings.max_concurrent_requests, share=settings.max_requests_per_client, for_stops=settings.reserved_for_stops
    )


def _answer_problems(app: FastAPI) -> None:
    @cache
    def declared_names() -> frozenset[str]:
        return field_names(describe(app))

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - tells the type checker what the registration says
        return problem_response(error)

    async def not_valid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        return problem_response(validation_problem(error, declared_names()))

    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        if status == 405:
            allowed = ", ".join(methods_at(describe(app), request.url.path))
            return problem_response(Problem("method_not_allowed", headers={"Allow": allowed}))
        return problem_response(Absent() if status == 404 else Problem("malformed_request"))

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, not_valid)
    app.add_exception_handler(HTTPException, http)
