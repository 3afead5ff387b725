"""The development issuer as an application: discovery, keys, tokens, sign-in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.issuer import page
from devstack.issuer.assertions import Assertions
from devstack.issuer.authorize_endpoint import SignIn
from devstack.issuer.codes import OneTimeTokens
from devstack.issuer.forms import BadForm, read_form
from devstack.issuer.people import Register
from devstack.issuer.settings import IssuerSettings
from devstack.issuer.token_endpoint import GRANTS, GrantDenied, GrantServices, grant
from devstack.issuer.token_signer import TokenSigner, public_set, signing_key
from runtime import clock
from runtime.auth.passwords import LoginThrottle, LoginThrottled, Passphrases
from runtime.auth.scopes import Scope
from runtime.database.engine import engine, sessions
from runtime.http.application import Around, concurrency_limits_from, problem_application
from runtime.http.client_address import client_address
from runtime.http.concurrency_limits import ConcurrencyLimits
from runtime.http.health import Readiness, database_check, health
from runtime.http.rate_limit import RateLimiter
from runtime.settings import Profile

log = logging.getLogger(__name__)

TOKEN = "/token"  # noqa: S105 - a path, not a secret
KEYS = "/jwks.json"
AUTHORIZE = "/authorize"


class NotForProduction(Exception):
    """The development issuer was asked to serve the production profile; name a real OIDC provider."""


def build(settings: IssuerSettings) -> FastAPI:
    """Return the issuer; refuses the production profile before anything else."""
    if settings.profile is not Profile.DEVELOPMENT:
        raise NotForProduction
    bound = engine(settings.database, pool_size=settings.database_pool, service=settings.service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        log.warning("development_issuer")
        yield
        await bound.dispose()

    return issuer(settings, sessions(bound), lifespan)


def issuer(
    settings: IssuerSettings,
    opened: async_sessionmaker[AsyncSession],
    lifespan: Around | None = None,
    *,
    monotonic: Callable[[], float] = clock.monotonic,
) -> FastAPI:
    """Return the issuer's application over an open database; tries at a passphrase are spaced by `monotonic`."""
    key = signing_key(settings.run_dir)
    register = Register(opened)
    proofs = GrantServices(
        register=register,
        assertions=Assertions(register, settings.issuer + TOKEN),
        passphrases=Passphrases(),
        tries=LoginThrottle(monotonic=monotonic),
        codes=OneTimeTokens(),
        refreshes=OneTimeTokens(),
        mint=TokenSigner(settings.issuer, settings.audience, key),
    )
    ready = Readiness({"database": database_check(opened)})
    app = problem_application(f"Accord {settings.service}", lifespan=lifespan)
    app.include_router(health(lambda: ready))
    app.include_router(_metadata(settings.issuer, public_set(key)))
    limited = [Depends(_Limits.of(settings))]
    app.include_router(_token(proofs), dependencies=limited)
    app.include_router(
        _sign_in(SignIn(settings.issuer, proofs, frozenset(settings.allowed_redirect_uris))), dependencies=limited
    )
    return app


@dataclass(frozen=True, slots=True)
class _Limits:
    """What one address may ask of the issuer; nobody has shown a token here."""

    places: ConcurrencyLimits
    rates: RateLimiter
    trusted_proxies: int

    @classmethod
    def of(cls, settings: IssuerSettings) -> _Limits:
        """Return the limits that the settings name."""
        return cls(
            concurrency_limits_from(settings),
            RateLimiter(settings.rate_limit_per_second, settings.rate_limit_burst),
            settings.trusted_proxies,
        )

    async def __call__(self, request: Request) -> AsyncIterator[None]:
        """Hold a place for the address while its request is answered; refuse what is too much."""
        address = client_address(request, self.trusted_proxies)
        self.rates.acquire((address, request.method, request.url.path))
        async with self.places.of(address):
            yield


def _metadata(address: str, keys: dict[str, Any]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/.well-known/openid-configuration")
    @routes.get("/.well-known/oauth-authorization-server")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": address,
            "authorization_endpoint": address + AUTHORIZE,
            "token_endpoint": address + TOKEN,
            "jwks_uri": address + KEYS,
            "scopes_supported": ["openid", *(str(scope) for scope in Scope)],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANTS),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    @routes.get(KEYS)
    async def key_set() -> dict[str, Any]:
        return keys

    return routes


def _token(proofs: GrantServices) -> APIRouter:
    routes = APIRouter()

    @routes.post(TOKEN)
    async def token(request: Request) -> Response:
        try:
            return JSONResponse(
                await grant(proofs.of(request), await read_form(request)), headers={"Pragma": "no-cache"}
            )
        except BadForm:
            return _denied("invalid_request", 400)
        except GrantDenied as denied:
            return _denied(denied.code, denied.status)
        except LoginThrottled as throttled:
            return _denied("slow_down", 429, {"Retry-After": str(throttled.seconds)})

    return routes


def _sign_in(signing_in: SignIn) -> APIRouter:
    routes = APIRouter()
    routes.add_api_route(AUTHORIZE, signing_in.page, methods=["GET"], response_model=None)
    routes.add_api_route(AUTHORIZE, signing_in.submitted, methods=["POST"], response_model=None)

    @routes.get("/sign-in.css")
    async def style() -> Response:
        return Response(page.STYLE, media_type="text/css")

    return routes


def _denied(code: str, status: int, headers: dict[str, str] | None = None) -> Response:
    challenge = {"WWW-Authenticate": 'Bearer realm="accord"'} if status == 401 else {}
    return JSONResponse({"error": code}, status_code=status, headers={**challenge, **(headers or {})})
