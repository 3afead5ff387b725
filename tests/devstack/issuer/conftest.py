"""The issuer over the town's register, and a client whose key the register holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from psycopg.types.json import Jsonb

from devstack.issuer.app import issuer
from devstack.issuer.settings import IssuerSettings
from runtime import clock
from runtime.auth.passwords import hash_passphrase
from runtime.database.engine import engine, sessions
from runtime.settings import Profile
from tests.support.database import Database

ADDRESS = "http://issuer.test"
TOKEN_URL = f"{ADDRESS}/token"
BACK = "http://app.test/signed-in"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PASSPHRASE = "four plain words here"


@dataclass
class Issued:
    """The issuer as the world sees it, and the register behind it."""

    web: httpx.AsyncClient
    database: Database
    settings: IssuerSettings

    def sql(self, statement: str, *values: object) -> None:
        with self.database.superuser() as connection:
            connection.execute(statement, values)

    async def token(self, **form: str) -> httpx.Response:
        return await self.web.post("/token", data=form)

    def join(self, *roles: str, passphrase: str = PASSPHRASE) -> str:
        """Take somebody new onto the register; return who."""
        person_ref = f"p-{uuid4().hex[:12]}"
        hashed = hash_passphrase(passphrase)
        self.sql(
            "INSERT INTO register.person (person_ref, agency_id, name, roles, passphrase_hash) "
            "VALUES (%s, 'tide-house', 'Rosa', %s, %s)",
            *(person_ref, list(roles) or ["advocate"], hashed),
        )
        return person_ref

    def connect(self) -> tuple[str, ECKey]:
        """Register a system with a key of its own; return its id and its private key."""
        client_id = f"c-{uuid4().hex[:12]}"
        key = ECKey.generate_key("P-256", private=True)
        public = Jsonb(key.as_dict(private=False))
        self.sql("INSERT INTO register.client VALUES (%s, 'tide-house', %s)", client_id, public)
        return client_id, key


@pytest.fixture
async def issued(database: Database, tmp_path: Path) -> AsyncIterator[Issued]:
    settings = IssuerSettings(
        database=database.url("accord_issuer"),
        issuer=ADDRESS,
        port=1,
        profile=Profile.DEVELOPMENT,
        run_dir=tmp_path,
        allowed_redirect_uris=(BACK,),
    )
    bound = engine(settings.database, pool_size=2)
    app = issuer(settings, sessions(bound), monotonic=lambda: 0.0)  # tries follow one another at once
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    with database.superuser() as connection:
        _tide_house(connection)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield Issued(client, database, settings)
    await bound.dispose()


def assertion(client_id: str, key: ECKey, header: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
    """Return the form of a client that signs for itself, with claims changed as a test says: a delta is from now on."""
    at = int(clock.utcnow().timestamp())
    claims: dict[str, Any] = {
        "iss": client_id,
        "sub": client_id,
        "aud": TOKEN_URL,
        "iat": at,
        "exp": at + 60,
        "jti": uuid4().hex,
    }
    all_claims = {name: _instant(at, value) for name, value in (claims | changes).items() if value is not ...}
    signed = jwt.encode({"alg": "ES256", **(header or {})}, all_claims, key)
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
    return {"grant_type": "client_credentials", **form}


def _instant(at: int, value: Any) -> Any:
    """Return a claim as it is said; a time is told from now on."""
    return at + int(value.total_seconds()) if isinstance(value, timedelta) else value


def _tide_house(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    connection.execute(
        "INSERT INTO register.agency (agency_id, name, kind, active) VALUES ('tide-house', 'Tide House', 'shelter', "
        "true) ON CONFLICT (agency_id) DO UPDATE SET active = true"
    )
