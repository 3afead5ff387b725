"""The sign-in page: plain, neutral, without a script, and with no address but its own."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

STYLE = """\
body { font-family: system-ui, sans-serif; line-height: 1.5; margin: 0; color: #111; background: #fff; }
header { padding: .75rem 1rem; font-size: 1.375rem; font-weight: 700; color: #fff; background: #14494f; }
main { max-width: 26rem; margin: 0 auto; padding: 1.5rem 1rem; }
label { display: block; font-weight: 600; margin-top: 1rem; }
input { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; border: 2px solid #111; }
button { margin-top: 1.5rem; padding: .7rem 1.2rem; font: inherit; color: #fff; background: #14494f; border: 0; }
input:focus, button:focus { outline: 3px solid #ffb000; outline-offset: 2px; }
.error { border-left: 4px solid #b10e1e; padding-left: .8rem; font-weight: 600; }
"""
FAILED = "That did not work. Check both and try again."
SLOW_DOWN = "That did not work. Wait a few minutes, then try again."
NOT_STARTED_HERE = "This page is opened by the application you sign in to."

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<link rel="stylesheet" href="/sign-in.css">
</head>
<body>
<header>Staff pages</header>
<main>
<h1>Sign in</h1>
{message}{form}
</main>
</body>
</html>
"""
FORM = """\
<form method="post" action="/authorize">
{hidden}<label for="person">Name</label>
<input id="person" name="person" autocomplete="username" autocapitalize="none" spellcheck="false"
 required value="{name}">
<label for="passphrase">Passphrase</label>
<input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
</form>"""


def sign_in_page(params: Mapping[str, str], *, name: str = "", message: str = "") -> str:
    """Return the page with its form; `params` come back with it."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">\n' for key, value in params.items()
    )
    return PAGE.format(message=_message_html(message), form=FORM.format(hidden=hidden, name=escape(name)))


def plain_page(message: str) -> str:
    """Return the page with a message in place of the form."""
    return PAGE.format(message=_message_html(message), form="")


def policy(redirect_uri: str | None) -> str:
    """Return the page's Content-Security-Policy.

    The form's answer leads back to the application, and browsers hold `form-action` against that redirect too.
    """
    back = "" if redirect_uri is None else f" {redirect_uri.split('?', 1)[0]}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self'{back}; base-uri 'none'; frame-ancestors 'none'"
    )


def _message_html(message: str) -> str:
    return f'<p class="error" role="alert">{escape(message)}</p>\n' if message else ""
