"""The token endpoint: a client or person with proof gets a short-lived token; errors are those of RFC 6749, 5.2."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from devstack.issuer.assertions import Assertions
from devstack.issuer.codes import SESSION_SECONDS, AuthorizationGrant, OneTimeTokens, proves
from devstack.issuer.people import Account, Register
from devstack.issuer.token_signer import PERSON_SECONDS, SYSTEM_SECONDS, TokenSigner
from runtime import clock
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
    """The services that check proofs, and the address that the request comes from."""

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
    account = await proofs.register.person(name)
    if await proofs.passphrases.match(passphrase, account.passphrase_hash if account else None):
        proofs.tries.succeeded(name, proofs.origin)
        return account
    log.warning("sign_in_failed")
    return None


async def grant(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer of the token endpoint to `form`; raises `GrantDenied` or `LoginThrottled`."""
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise GrantDenied("invalid_request")
    if grant_type not in GRANTS:
        raise GrantDenied("unsupported_grant_type")
    answer = await GRANTS[grant_type](proofs, form)
    log.info("token_issued", extra=log_fields(type=grant_type))
    return answer


async def _client_credentials(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise GrantDenied("invalid_client", status=401)
    try:
        account = await proofs.assertions.client(form["client_assertion"])
    except NotVerified as error:
        log.warning("assertion_refused", extra=log_fields(reason=error.check))
        raise GrantDenied("invalid_client", status=401) from None
    if form.get("client_id", account.principal.subject) != account.principal.subject:
        raise GrantDenied("invalid_client", status=401)
    principal = _narrowed(account.principal, form.get("scope"))
    return _answer(proofs.mint.access(principal, principal.subject, SYSTEM_SECONDS), principal, SYSTEM_SECONDS)


async def _password(proofs: GrantServices, form: Mapping[str, str]) -> dict[str, Any]:
    if "username" not in form or "password" not in form:
        raise GrantDenied("invalid_request")
    account = await sign_in(proofs, form["username"], form["password"])
    if account is None:
        raise GrantDenied("invalid_grant")
    principal = _narrowed(account.principal, form.get("scope"))
    return _answer(proofs.mint.access(principal, COMMAND_LINE, PERSON_SECONDS), principal, PERSON_SECONDS)


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
    account = await proofs.register.person(granted.person_ref)
    if account is None:  # left since signing in
        raise GrantDenied("invalid_grant")
    principal = _shared(account.principal, granted.scope)
    answer = _answer(proofs.mint.access(principal, granted.client_id, PERSON_SECONDS), principal, PERSON_SECONDS)
    # A new one each time, and never beyond the session that began with the sign-in.
    answer["refresh_token"] = proofs.refreshes.give(granted, granted.until - clock.monotonic())
    if granted.scope is not None and OPENID in granted.scope.split():
        answer["id_token"] = proofs.mint.identity(principal, granted.client_id, granted.nonce)
    return answer


def _narrowed(principal: Principal, scope: str | None) -> Principal:
    requested_scopes = set() if scope is None else set(scope.split()) - {OPENID}
    if not requested_scopes:
        return principal
    if not requested_scopes <= principal.scopes:
        raise GrantDenied("invalid_scope")
    return replace(principal, scopes=frozenset(requested_scopes))


def _shared(principal: Principal, scope: str | None) -> Principal:
    """Return the person with those scopes of the application that they hold (RFC 6749, 3.3).

    An application cannot know beforehand who will sign in, so it asks for all it can use.
    """
    requested_scopes = set() if scope is None else set(scope.split()) - {OPENID}
    return _narrowed(principal, " ".join(requested_scopes & principal.scopes) or scope)


def _answer(token: str, principal: Principal, seconds: int) -> dict[str, Any]:
    scope = " ".join(sorted(principal.scopes))
    return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": scope}


GRANTS: Mapping[str, Callable[[GrantServices, Mapping[str, str]], Awaitable[dict[str, Any]]]] = {
    "client_credentials": _client_credentials,
    "password": _password,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
}
