"""People and systems of the town at a service's door: signed tokens, and clients that carry them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from devstack.issuer.token_signer import TokenSigner, public_set
from runtime import clock
from runtime.auth import on_behalf
from runtime.auth.principal import Kind, Principal
from runtime.auth.scopes import Role, scopes_of
from runtime.auth.tokens import Tokens
from runtime.database.engine import sessions
from runtime.http import application
from runtime.http.app_state import AppState
from runtime.http.concurrency_limits import BodyReadLimits, ConcurrencyLimits
from runtime.http.rate_limit import RateLimiter
from runtime.settings import ProcessSettings, Profile, Settings
from tests.support.town import PEOPLE, Town

ISSUER = "http://issuer.test"
AUDIENCE = "accord"


def a_key() -> ECKey:
    key = ECKey.generate_key("P-256", private=True)
    key.ensure_kid()
    return key


@dataclass
class TestIssuer:
    """An issuer that signs whatever a test asks for."""

    __test__ = False
    key: ECKey = field(default_factory=a_key)
    fetched: int = 0

    async def fetch(self) -> Any:
        self.fetched += 1
        return public_set(self.key)

    @property
    def mint(self) -> TokenSigner:
        return TokenSigner(ISSUER, AUDIENCE, self.key)

    def person(self, person_ref: str, *, agency: str | None = None, roles: Sequence[str] | None = None) -> str:
        """Return a token for a person of the town, or for anybody at an agency that a test names."""
        known_agency, known_roles = PEOPLE.get(person_ref, ("", ()))
        granted_roles = frozenset(roles if roles is not None else known_roles)
        who = Principal(
            person_ref,
            agency or known_agency,
            Kind.PERSON,
            person_ref,
            person_ref.title(),
            scopes_of(granted_roles),
            granted_roles,
        )
        return self.mint.access(who, "accord", 900)

    def system(self, agency_id: str) -> str:
        """Return a token for an agency's records system."""
        roles = frozenset({str(Role.SYSTEM)})
        return self.mint.access(
            Principal(agency_id, agency_id, Kind.SYSTEM, None, "", scopes_of(roles), roles), "", 300
        )


S = TypeVar("S", bound=ProcessSettings)


@overload
def settings_for(service: str, **other: Any) -> Settings: ...
@overload
def settings_for(service: str, kind: type[S], **other: Any) -> S: ...
def settings_for(service: str, kind: type[ProcessSettings] = Settings, **other: Any) -> ProcessSettings:
    """Return settings of a service that a test puts together; nothing connects by them."""
    fields: dict[str, Any] = {
        "service": service,
        "database": "postgresql+psycopg://nobody@127.0.0.1:1/accord",
        "kafka": "127.0.0.1:1",
        "kafka_user": service,
        "kafka_password_file": Path("none"),
        "keys": Path("none"),
        "issuer": ISSUER,
        "port": 1,
        "profile": Profile.DEVELOPMENT,
    }
    return kind(**fields | other)


@dataclass
class Web:
    """The town's services as its people reach them."""

    town: Town
    issuer: TestIssuer = field(default_factory=TestIssuer)

    def app_state(self, role: str, **other: Any) -> AppState:
        """Return the wiring of a service that runs as `role` in the database."""
        tokens = Tokens(ISSUER, AUDIENCE, self.issuer.fetch)
        opened = sessions(self.town.engine(role))
        parts: dict[str, Any] = {"sessions": opened, "sessions_for_stops": opened, "tokens": tokens}
        parts |= {
            "concurrency_limits": ConcurrencyLimits(128, share=8, for_stops=16),
            "body_reads": BodyReadLimits(8),
            "keys": self.town.keys,
        }
        parts |= {"audience": AUDIENCE}
        return AppState(**{"rate_limiter": RateLimiter(1e6, 1_000_000), **parts, **other})

    @asynccontextmanager
    async def serving(self, service: str, routers: Sequence[APIRouter], **other: Any) -> AsyncIterator[FastAPI]:
        """Run a service's application, without a port."""
        app_state = other.pop("app_state", None) or self.app_state(f"accord_{service}")
        app = application(settings_for(service), routers, app_state=app_state, **other)
        async with app.router.lifespan_context(app):
            yield app

    @asynccontextmanager
    async def asking(
        self, app: FastAPI, token: str | None = None, claim: str | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Open a client that carries `token`, and a claim of the person for whom it asks."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= {} if claim is None else {on_behalf.HEADER: claim}
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service.test", headers=headers) as client:
            yield client

    def as_person(self, app: FastAPI, person_ref: str) -> Any:
        """Open a client for a person of the town."""
        return self.asking(app, self.issuer.person(person_ref))

    def as_system(self, app: FastAPI, agency_id: str, person_ref: str | None = None) -> Any:
        """Open a client for an agency's records system, which may name the person for whom it asks."""
        claim = None if person_ref is None else self.claim(agency_id, person_ref)
        return self.asking(app, self.issuer.system(agency_id), claim)

    def claim(
        self, agency_id: str, person_ref: str, *, key: ECKey | None = None, header: Mapping[str, str] = {}, **other: Any
    ) -> str:
        """Return the signed claim of an agency's system about the person for whom it asks, as a test wants it."""
        now = int(clock.utcnow().timestamp())
        claims = {"iss": agency_id, "sub": person_ref, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": uuid4().hex}
        names = {"alg": "ES256", "typ": "accord-person+jwt", **header}
        payload = {name: value for name, value in (claims | other).items() if value is not None}
        return jwt.encode(names, payload, key or self.town.system_key(agency_id))


@dataclass
class AtTheDoor:
    """People of the town at one service, each with a client of their own, by their names."""

    town: Town
    people: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def __getattr__(self, name: str) -> httpx.AsyncClient:
        try:
            client: httpx.AsyncClient = self.__dict__["people"][name]
            return client
        except KeyError:
            raise AttributeError(name) from None


@pytest.fixture(scope="session")
def web(town: Town) -> Web:
    """The doors of the town that all tests share."""
    return Web(town)
