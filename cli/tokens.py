"""Tokens of the town's issuer, for a person by passphrase and for a system by its key."""

from __future__ import annotations

import json
import time
from pathlib import Path
from uuid import uuid4

import httpx

from cli.errors import SetupError
from schemas.town import Town

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class NoToken(SetupError):
    """The issuer gave none."""


def person_token(town: Town, person: str) -> str:
    """Return a bearer token for a person of the town; raises `NoToken` for one who is not in it."""
    member = next((entry for entry in town.people if entry.id == person), None)
    if member is None:
        raise NoToken(f"Nobody called {person} is in this town", "See `accord person list`.")
    passphrase = Path(member.passphrase_file).read_text().strip()
    return _request_token(town, {"grant_type": "password", "username": person, "password": passphrase})


def system_token(town: Town, client_id: str) -> str:
    """Return a bearer token for an agency's system, by its private key (RFC 7523)."""
    agency = next((entry for entry in town.agencies if entry.client_id == client_id), None)
    if agency is None:
        raise NoToken(f"No agency called {client_id} is in this town", "See `accord agency list`.")
    from joserfc import jwt  # slow to import, and a person's token needs none of it
    from joserfc.jwk import ECKey

    key = ECKey.import_key(json.loads(Path(agency.key_file).read_text()))
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": town.issuer.token_url, "iat": now, "exp": now + 60}
    signed = jwt.encode({"alg": "ES256", "kid": key.kid}, claims | {"jti": str(uuid4())}, key)
    assertion = {"client_assertion_type": ASSERTION, "client_assertion": signed}
    return _request_token(town, {"grant_type": "client_credentials"} | assertion)


def _request_token(town: Town, form: dict[str, str]) -> str:
    try:
        # A passphrase is slow to check by design, and on a busy machine slower.
        answer = httpx.post(town.issuer.token_url, data=form, timeout=30, trust_env=False)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as refusal:
        raise NoToken("The issuer does not answer", f"Start the town with `accord up --run {town.run}`.") from refusal
    if answer.status_code != 200:
        problem = f"The issuer answered {answer.status_code} {body.get('error', '')}"
        raise NoToken(problem, f"See {town.run}/logs/issuer.log; a clock that is off makes a good key look bad.")
    return str(body["access_token"])
