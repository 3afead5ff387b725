"""Signing in with a browser: authorization code with PKCE (RFC 6749, 7636, 9207)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from devstack.issuer import page
from devstack.issuer.codes import CODE_SECONDS, AuthorizationGrant, is_challenge
from devstack.issuer.forms import BadForm, read_fields, read_form
from devstack.issuer.token_endpoint import GrantServices, sign_in
from runtime.auth.passwords import LoginThrottled

REQUEST_PARAMS = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge")
FORM_PARAMS = (*REQUEST_PARAMS, "code_challenge_method")


class SignIn:
    """The two halves of `/authorize`: the page, and what its form sends."""

    def __init__(self, issuer: str, proofs: GrantServices, redirects: frozenset[str]) -> None:
        self._issuer = issuer
        self._proofs = proofs
        self._redirects = redirects

    async def page(self, request: Request) -> Response:
        """Return the sign-in page, or send the browser back with what is wrong with the request."""
        try:
            params = _form_params(read_fields(request.scope.get("query_string", b"")))
        except BadForm:
            params = {}
        return self._wrong(params) or _page(params)

    async def submitted(self, request: Request) -> Response:
        """Send the browser back with a code if the passphrase is right; else show the page again."""
        try:
            form = await read_form(request)
        except BadForm:
            form = {}
        params = _form_params(form)
        wrong = self._wrong(params)
        if wrong is not None or not self._from_own_page(request):
            return wrong or _plain()
        name = form.get("person", "")
        try:
            account = await sign_in(self._proofs.of(request), name, form.get("passphrase", ""))
        except LoginThrottled as throttled:
            return _page(params, name=name, message=page.SLOW_DOWN, status=429, retry_after=throttled.seconds)
        if account is None:
            return _page(params, name=name, message=page.FAILED, status=400)
        return self._back(params, {"code": self._code(params, account.principal.subject)})

    def _from_own_page(self, request: Request) -> bool:
        # Another site could otherwise sign a browser in as somebody of its choosing.  Our pages say `no-referrer`, for
        # which browsers send `Origin: null` with our own form (Fetch, 3.2): then Sec-Fetch-Site tells.
        origin = request.headers.get("origin", self._issuer)
        site = request.headers.get("sec-fetch-site")
        if site is None:
            return origin == self._issuer
        return site == "same-origin" and origin in (self._issuer, "null")

    def _code(self, params: Mapping[str, str], person_ref: str) -> str:
        granted = AuthorizationGrant(
            person_ref=person_ref,
            client_id=params["client_id"],
            redirect_uri=params["redirect_uri"],
            challenge=params["code_challenge"],
            nonce=params.get("nonce"),
            scope=params.get("scope"),
            until=0.0,
        )
        return self._proofs.codes.give(granted, CODE_SECONDS)

    def _wrong(self, params: Mapping[str, str]) -> Response | None:
        # Nobody is sent to an address that the operator did not name, not even with an error.
        if params.get("redirect_uri") not in self._redirects or "client_id" not in params:
            return _plain()
        if params.get("response_type") != "code":
            return self._back(params, {"error": "unsupported_response_type"})
        pkce = params.get("code_challenge_method") == "S256" and is_challenge(params.get("code_challenge", ""))
        return None if pkce else self._back(params, {"error": "invalid_request"})

    def _back(self, params: Mapping[str, str], answer: Mapping[str, str]) -> Response:
        query = {**answer, "iss": self._issuer, **({"state": params["state"]} if "state" in params else {})}
        place = params["redirect_uri"]
        address = f"{place}{'&' if '?' in place else '?'}{urlencode(query)}"
        policy = page.policy(params["redirect_uri"])
        return RedirectResponse(address, status_code=303, headers={"Content-Security-Policy": policy})


def _form_params(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name] for name in FORM_PARAMS if name in fields}


def _plain() -> Response:
    headers = {"Content-Security-Policy": page.policy(None)}
    return HTMLResponse(page.plain_page(page.NOT_STARTED_HERE), status_code=400, headers=headers)


def _page(
    params: Mapping[str, str], *, name: str = "", message: str = "", status: int = 200, retry_after: int | None = None
) -> Response:
    headers = {"Content-Security-Policy": page.policy(params["redirect_uri"])}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HTMLResponse(page.sign_in_page(params, name=name, message=message), status_code=status, headers=headers)
