"""The token endpoint: who proves themselves gets a short token; errors are those of RFC 6749, 5.2."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from runtime import clock
from runtime.auth.issuer.assertions import Assertions
from runtime.auth.issuer.codes import SESSION_SECONDS, AuthorizationGrant, OneTimeTokens, proves
from runtime.auth.issuer.people import Account, Register
from runtime.auth.issuer.signing import PERSON_SECONDS, SYSTEM_SECONDS, TokenSigner
from runtime.auth.jws import NotVerified
from runtime.auth.passwords import LoginThrottle, Passphrases, origin_of
from runtime.auth.principal import Principal
from runtime.telemetry import log_fields

log = logging.getLogger(__name__)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
COMMAND_LINE = "accord"
OPENID = "openid"


class GrantDenied(Exception):
    """A token is not given; the code is one of RFC 6749, 5.2."""

    def __init__(self, code: str, *, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class GrantServices:
    """What the endpoint checks proofs with, and where the request comes from that brings one."""

    register: Register
    assertions: Assertions
    passphrases: Passphrases
    tries: LoginThrottle
    codes: OneTimeTokens
    refreshes: OneTimeTokens
    mint: TokenSigner
    origin: str = ""

    def of(self, request: Request) -> GrantServices:
        """Return the same for one request."""
        return replace(self, origin=origin_of(request.client.host if request.client else ""))


async def sign_in(proofs: GrantServices, name: str, passphrase: str) -> Account | None:
    """Return the person whose passphrase it is, or None; raises `LoginThrottled` after too many failures.

    A name that nobody bears takes the same steps and the same time as a wrong passphrase.
    """
    proofs.tries.take(name, proofs.origin)
    known = await proofs.register.person(name)
    if await proofs.passphrases.match(passphrase, known.passphrase_hash if known else None):
        proofs.tries.succeeded(name, proofs.origin)
        return known
    log.warning("sign_in_failed")
    return None


async def grant(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer of the token endpoint to `form`; raises `GrantDenied` or `LoginThrottled`."""
    asked = form.get("grant_type")
    if asked is None:
        raise GrantDenied("invalid_request")
    if asked not in GRANTS:
        raise GrantDenied("unsupported_grant_type")
    answer = await GRANTS[asked](proofs, form)
    log.info("token_issued", extra=log_fields(type=asked))
    return answer


async def _client_credentials(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise GrantDenied("invalid_client", status=401)
    try:
        known = await proofs.assertions.client(form["client_assertion"])
    except NotVerified as error:
        log.warning("assertion_refused", extra=log_fields(reason=error.check))
        raise GrantDenied("invalid_client", status=401) from None
    if form.get("client_id", known.principal.subject) != known.principal.subject:
        raise GrantDenied("invalid_client", status=401)
    who = _narrowed(known.principal, form.get("scope"))
    return _answer(proofs.mint.access(who, who.subject, SYSTEM_SECONDS), who, SYSTEM_SECONDS)


async def _password(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    if "username" not in form or "password" not in form:
        raise GrantDenied("invalid_request")
    known = await sign_in(proofs, form["username"], form["password"])
    if known is None:
        raise GrantDenied("invalid_grant")
    who = _narrowed(known.principal, form.get("scope"))
    return _answer(proofs.mint.access(who, COMMAND_LINE, PERSON_SECONDS), who, PERSON_SECONDS)


async def _authorization_code(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    if not {"code", "redirect_uri", "client_id", "code_verifier"} <= form.keys():
        raise GrantDenied("invalid_request")
    granted = proofs.codes.take(form["code"])
    if granted is None or granted.client_id != form["client_id"] or granted.redirect_uri != form["redirect_uri"]:
        raise GrantDenied("invalid_grant")
    if not proves(form["code_verifier"], granted.challenge):
        raise GrantDenied("invalid_grant")
    session = replace(granted, until=clock.monotonic() + SESSION_SECONDS)
    return await _for_session(proofs, session)


async def _refresh_token(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    if not {"refresh_token", "client_id"} <= form.keys():
        raise GrantDenied("invalid_request")
    granted = proofs.refreshes.take(form["refresh_token"])
    if granted is None or granted.client_id != form["client_id"]:
        raise GrantDenied("invalid_grant")
    return await _for_session(proofs, granted)


async def _for_session(proofs: GrantServices, granted: AuthorizationGrant) -> dict[str, Any]:
    known = await proofs.register.person(granted.person_ref)
    if known is None:  # left since signing in
        raise GrantDenied("invalid_grant")
    who = _shared(known.principal, granted.scope)
    answer = _answer(proofs.mint.access(who, granted.client_id, PERSON_SECONDS), who, PERSON_SECONDS)
    # A new one each time, and never beyond the session that began with the sign-in.
    answer["refresh_token"] = proofs.refreshes.give(granted, granted.until - clock.monotonic())
    if granted.scope is not None and OPENID in granted.scope.split():
        answer["id_token"] = proofs.mint.identity(who, granted.client_id, granted.nonce)
    return answer


def _narrowed(who: Principal, scope: str | None) -> Principal:
    wanted = set() if scope is None else set(scope.split()) - {OPENID}
    if not wanted:
        return who
    if not wanted <= who.scopes:
        raise GrantDenied("invalid_scope")
    return replace(who, scopes=frozenset(wanted))


def _shared(who: Principal, scope: str | None) -> Principal:
    """Return the person with those scopes of the application that they hold (RFC 6749, 3.3).

    An application cannot know beforehand who will sign in, so it asks for all it can use.
    """
    wanted = set() if scope is None else set(scope.split()) - {OPENID}
    return _narrowed(who, " ".join(wanted & who.scopes) or scope)


def _answer(token: str, who: Principal, seconds: int) -> dict[str, Any]:
    scope = " ".join(sorted(who.scopes))
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": scope}


GRANTS: Mapping[str, Callable[[GrantServices, Mapping[str, str]], Awaitable[dict[str, Any]]]] = {
    "client_credentials": _client_credentials,
    "password": _password,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
}
