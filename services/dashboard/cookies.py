"""The cookies: one for a session, and for the minutes of a sign-in its own and the page to go on with."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from services.dashboard.places import own_page
from services.dashboard.session_secret import SessionSecret

SIGN_IN_SECONDS = 600
KEYS_COOKIE = "accord-keys"  # "off" where a person wants no single keys


@dataclass(frozen=True, slots=True)
class Cookies:
    """Sets and reads both; `secure` where browsers reach us by https.

    A `__Host-` name needs Secure, and a browser keeps no Secure cookie of plain http, so development goes without.
    """

    secure: bool

    def session(self, request: Request) -> SessionSecret | None:
        """Return the secret of the session that the browser shows."""
        return SessionSecret.read(request.cookies.get(self._name("session")))

    def sign_in(self, request: Request) -> SessionSecret | None:
        """Return the secret of the sign-in that the browser began."""
        return SessionSecret.read(request.cookies.get(self._name("sign-in")))

    def begin_session(self, response: Response, secret: SessionSecret) -> None:
        """Give the browser a session's cookie, which ends with the browser and goes to nobody from another site."""
        self._set(response, "session", secret, None)
        self._forget(response, "sign-in", strict=False)

    def begin_sign_in(self, response: Response, secret: SessionSecret) -> None:
        """Give the browser the cookie of a sign-in, which it shows when the issuer sends it back."""
        self._set(response, "sign-in", secret, SIGN_IN_SECONDS)

    def keep_place(self, response: Response, page: str) -> None:
        """Remember where to go on after a sign-in: the address of a page of ours."""
        name = self._name("place")
        response.set_cookie(
            name, page, max_age=SIGN_IN_SECONDS, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def place(self, request: Request) -> str | None:
        """Return where to go on after a sign-in, if it is a page of ours."""
        return own_page(request.cookies.get(self._name("place")))

    def forget_place(self, response: Response) -> None:
        """Take the cookie of the place away."""
        self._forget(response, "place", strict=False)

    def end_session(self, response: Response) -> None:
        """Take the session's cookie away."""
        self._forget(response, "session", strict=True)

    def _set(self, response: Response, use: str, secret: SessionSecret, seconds: int | None) -> None:
        strict = seconds is None
        response.set_cookie(
            self._name(use),
            secret.text,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict" if strict else "lax",
        )

    def _forget(self, response: Response, use: str, *, strict: bool) -> None:
        response.delete_cookie(
            self._name(use), path="/", secure=self.secure, httponly=True, samesite="strict" if strict else "lax"
        )

    def _name(self, use: str) -> str:
        return f"{'__Host-' if self.secure else ''}accord-{use}"
